using System.Net;
using System.Text;
using System.Text.Json;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>One answer as the client received it.</summary>
/// <param name="Text">The received text, also if the answer failed later.</param>
/// <param name="FinishReason">Null if the answer is not complete.</param>
/// <param name="Error">The text of the error in the body or in the last line.</param>
/// <param name="IsCut">Whether the connection ended before the answer.</param>
internal sealed record Seen(HttpStatusCode Status, string Text, string? FinishReason, string? Error, bool IsCut)
{
    internal bool IsWhole => Status == HttpStatusCode.OK && FinishReason is not null && Error is null && !IsCut;

    /// <param name="begun">Called after the first line of a stream.</param>
    internal static Task<Seen> AskAsync(Node node, string prompt, bool stream, Action? begun = null) =>
        stream ? StreamAsync(node, prompt, begun) : PostAsync(node, "/generate", Node.Chat(prompt));

    internal static async Task<Seen> PostAsync(Node node, string path, string body)
    {
        (HttpStatusCode status, JsonElement json) = await node.PostJsonAsync(path, body);
        return Add(new(status, "", null, null, IsCut: false), json);
    }

    private static async Task<Seen> StreamAsync(Node node, string prompt, Action? begun)
    {
        using HttpResponseMessage response = await node.StreamAsync(prompt);
        Seen seen = new(response.StatusCode, "", null, null, IsCut: false);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
        try
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                seen = Add(seen, JsonDocument.Parse(line).RootElement);
                begun?.Invoke();
                begun = null;
            }
        }
        catch (Exception ex) when (ex is IOException or HttpRequestException)
        {
            seen = seen with { IsCut = true };
        }

        return seen;
    }

    /// <summary>Adds one line. Fails if a line follows an error or the last line.</summary>
    private static Seen Add(Seen seen, JsonElement line)
    {
        (seen.Error ?? seen.FinishReason).Should().BeNull("{0} came after the end", line);
        if (line.TryGetProperty("error", out JsonElement error))
            return seen with { Error = error.GetString() };
        if (!line.TryGetProperty("choices", out JsonElement choices))
            return seen with { Text = line.GetProperty("message").GetString()! };

        JsonElement choice = choices[0];
        return seen with { Text = seen.Text + choice.GetProperty("content").GetString(), FinishReason = choice.GetProperty("finish_reason").GetString() };
    }
}

using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Cluster.Tests.Support;

/// <summary>One request and its answer, as the client received it.</summary>
/// <param name="HasBegun">Whether the answer began: its status was 200.</param>
/// <param name="IsWhole">Whether the answer is complete: it has a finish reason.</param>
/// <param name="Text">The text that was received.</param>
/// <param name="Problem">Why the answer is not complete.</param>
/// <param name="IsCut">Whether the connection ended before the answer.</param>
internal sealed record Exchange(bool HasBegun, bool IsWhole, string Text, string? Problem, bool IsCut)
{
    /// <summary>Sends a prompt to <c>/generate</c> and reads the answer.</summary>
    /// <param name="begun">Called after each line.</param>
    internal static async Task<Exchange> AskAsync(
        HttpClient client, string prompt, bool stream, Action? begun = null, CancellationToken cancellationToken = default)
    {
        Exchange seen = new(false, false, "", null, false);
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(Node.Chat(prompt, stream), Encoding.UTF8, "application/json") };
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK)
                return seen with { Problem = $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}" };

            seen = seen with { HasBegun = true };
            using StreamReader reader = new(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                seen = seen.Add(JsonDocument.Parse(line).RootElement);
                begun?.Invoke();
            }
        }
        catch (Exception ex) when (ex is IOException or HttpRequestException)
        {
            return seen with { Problem = seen.Problem ?? ex.ToString(), IsCut = true };
        }

        return seen;
    }

    private Exchange Add(JsonElement line)
    {
        if (line.TryGetProperty("error", out JsonElement error))
            return this with { Problem = error.GetString() };
        JsonElement choice = line.GetProperty("choices")[0];
        return this with { Text = Text + choice.GetProperty("content").GetString(), IsWhole = choice.GetProperty("finish_reason").GetString() is not null };
    }
}

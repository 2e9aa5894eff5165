using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Cluster.Tests.Support;

/// <summary>One question as its client saw it.</summary>
/// <param name="HasBegun">The answer had begun to arrive: its status was 200.</param>
/// <param name="IsWhole">It has its end.</param>
/// <param name="Text">What came of it.</param>
/// <param name="Problem">Why it is not whole.</param>
/// <param name="IsCut">The connection ended before the answer did.</param>
internal sealed record Exchange(bool HasBegun, bool IsWhole, string Text, string? Problem, bool IsCut)
{
    /// <param name="begun">Called when the first line of a stream is there.</param>
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

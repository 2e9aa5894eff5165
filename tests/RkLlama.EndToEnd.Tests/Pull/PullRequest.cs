using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Pull;

/// <summary>A request to <c>/api/pull</c>.</summary>
internal static class PullRequest
{
    /// <summary>Pulls a model and returns the lines of the answer.</summary>
    /// <param name="until">Ends the request if it returns true for a line; null to read all lines.</param>
    internal static async Task<List<JsonElement>> SendAsync(Node node, string model, Func<JsonElement, bool>? until = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/pull") { Content = new StringContent($$"""{"model":"{{model}}"}""", Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        List<JsonElement> lines = [];
        while (await reader.ReadLineAsync() is { } line)
        {
            lines.Add(JsonDocument.Parse(line).RootElement);
            if (until?.Invoke(lines[^1]) == true)
                break;
        }

        return lines;
    }

    /// <summary>The number of bytes that a line reports; 0 if it reports none.</summary>
    internal static long Completed(JsonElement line) => line.TryGetProperty("completed", out JsonElement done) ? done.GetInt64() : 0;
}

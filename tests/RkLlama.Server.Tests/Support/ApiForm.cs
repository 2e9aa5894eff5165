using System.Text.Json;

namespace RkLlama.Server.Tests.Support;

/// <summary>One endpoint that generates: its path, its request body, and its formats of streams and errors.</summary>
/// <param name="question">The fields of the request body, except <c>stream</c>.</param>
/// <param name="isSse">Whether a stream consists of server-sent events; otherwise each line is an object.</param>
/// <param name="error">Returns the text of an error; null if the error does not have the format of this API.</param>
internal sealed class ApiForm(string path, string question, bool isSse, Func<JsonElement, string?> error)
{
    private static readonly Dictionary<string, ApiForm> Forms = new(StringComparer.Ordinal)
    {
        ["generate"] = new("/generate", "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", false, Plain),
        ["v1 chat"] = new("/v1/chat/completions", "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", true, OpenAi),
        ["v1 text"] = new("/v1/completions", "\"model\":\"m\",\"prompt\":\"Hi\"", true, OpenAi),
        ["v1 messages"] = new("/v1/messages", "\"model\":\"m\",\"max_tokens\":1000,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", true, Anthropic),
        ["api chat"] = new("/api/chat", "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", false, Plain),
        ["api generate"] = new("/api/generate", "\"model\":\"m\",\"prompt\":\"Hi\"", false, Plain),
    };

    internal static TheoryData<string> Names { get; } = [.. Forms.Keys];

    /// <summary>Each endpoint, without and with streaming.</summary>
    internal static TheoryData<string, bool> NamesTwice
    {
        get
        {
            TheoryData<string, bool> twice = [];
            foreach (string name in Forms.Keys)
            {
                twice.Add(name, false);
                twice.Add(name, true);
            }

            return twice;
        }
    }

    internal static ApiForm Of(string name) => Forms[name];

    internal string Path => path;

    internal string Body(bool stream) => $"{{{question},\"stream\":{(stream ? "true" : "false")}}}";

    /// <summary>Returns the text of an error; null if the error does not have the format of this API.</summary>
    internal string? ErrorOf(string json) => error(JsonDocument.Parse(json).RootElement);

    /// <summary>Returns the JSON of the last event or line of a stream.</summary>
    internal string Last(string received)
    {
        string last = received.TrimEnd('\n').Split('\n')[^1].Trim();
        return !isSse ? last
            : last.StartsWith("data: ", StringComparison.Ordinal) ? last["data: ".Length..]
            : throw new FormatException($"'{last}' is no event");
    }

    /// <summary>Whether a line of a stream can be a keep-alive.</summary>
    internal bool IsHeartbeat(string line) => isSse
        ? line is ":" or "" or "event: ping" or "data: {\"type\":\"ping\"}"
        : JsonDocument.Parse(line).RootElement is var json && !json.TryGetProperty("error", out _) && !line.Contains("\"done\":true", StringComparison.Ordinal);

    private static string? Plain(JsonElement json) => json.GetProperty("error") is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static string? OpenAi(JsonElement json)
    {
        JsonElement inner = json.GetProperty("error");
        return inner.TryGetProperty("type", out _) && inner.TryGetProperty("param", out _) && inner.TryGetProperty("code", out _) ? inner.GetProperty("message").GetString() : null;
    }

    private static string? Anthropic(JsonElement json) =>
        json.GetProperty("type").GetString() == "error" && json.TryGetProperty("request_id", out _) && json.GetProperty("error").TryGetProperty("type", out _)
            ? json.GetProperty("error").GetProperty("message").GetString()
            : null;
}

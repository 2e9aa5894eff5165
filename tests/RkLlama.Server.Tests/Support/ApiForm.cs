using System.Text.Json;

namespace RkLlama.Server.Tests.Support;

/// <summary>One way to ask for an answer: where, how, and in which form errors come.</summary>
/// <param name="isSse">Whether a stream is server-sent events; otherwise a line is an object.</param>
internal sealed class ApiForm(string path, string question, bool isSse, Func<JsonElement, string?> error)
{
    private static readonly Dictionary<string, ApiForm> Forms = new(StringComparer.Ordinal)
    {
        ["generate"] = new("/generate", "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", false, Plain),
        ["v1 chat"] = new("/v1/chat/completions", "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", true, OpenAi),
        ["v1 text"] = new("/v1/completions", "\"model\":\"m\",\"prompt\":\"Hi\"", true, OpenAi),
        ["api chat"] = new("/api/chat", "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", false, Plain),
        ["api generate"] = new("/api/generate", "\"model\":\"m\",\"prompt\":\"Hi\"", false, Plain),
    };

    internal static TheoryData<string> Names { get; } = [.. Forms.Keys];

    /// <summary>Each form, in one piece and streamed.</summary>
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

    /// <summary>The text of an error in this API's own form; null where it has another.</summary>
    internal string? ErrorOf(string json) => error(JsonDocument.Parse(json).RootElement);

    /// <summary>The JSON of the last thing that a stream said.</summary>
    internal string Last(string received)
    {
        string last = received.TrimEnd('\n').Split('\n')[^1].Trim();
        return !isSse ? last
            : last.StartsWith("data: ", StringComparison.Ordinal) ? last["data: ".Length..]
            : throw new FormatException($"'{last}' is no event");
    }

    /// <summary>What keeps a silent stream alive.</summary>
    internal bool IsHeartbeat(string line) => isSse
        ? line is ":" or ""
        : JsonDocument.Parse(line).RootElement is var json && !json.TryGetProperty("error", out _) && !line.Contains("\"done\":true", StringComparison.Ordinal);

    private static string? Plain(JsonElement json) => json.GetProperty("error") is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static string? OpenAi(JsonElement json)
    {
        JsonElement inner = json.GetProperty("error");
        return inner.TryGetProperty("type", out _) && inner.TryGetProperty("param", out _) && inner.TryGetProperty("code", out _) ? inner.GetProperty("message").GetString() : null;
    }
}

using System.Text.Json;

namespace RkLlama.Soak;

/// <summary>A part of an answer, or an error.</summary>
/// <param name="Finish">The finish reason; only in the last part.</param>
internal sealed record Said(string Content, string? Finish, string? Error);

/// <summary>One of the APIs: its path, and how its responses are read.</summary>
/// <param name="isNamed">Whether requests name their model. The server loads it if another model is loaded.</param>
/// <param name="isSse">Whether a stream consists of server-sent events and ends with <see cref="Done"/>; otherwise each line is an object.</param>
/// <param name="read">Reads an object that is not an error; returns <see langword="null"/> if it is not a part of an answer.</param>
internal sealed class Api(string path, bool isNamed, bool isSse, Func<JsonElement, Said?> read)
{
    /// <summary>The last event of a stream of server-sent events.</summary>
    internal const string Done = "[DONE]";

    internal static readonly Api Guide = new("/generate", false, false, json => Choice(json) is { } choice ? Said(choice, choice, "finish_reason") : null);
    internal static readonly Api OpenAi = new("/v1/chat/completions", true, true, json => Choice(json) is { } choice ? Said(Message(choice), choice, "finish_reason") : null);
    internal static readonly Api Ollama = new("/api/chat", true, false, json => Said(Message(json), json, "done_reason"));

    internal string Path => path;

    internal bool IsSse => isSse;

    internal string Body(Question question, bool stream, string model) =>
        $$"""{{{(isNamed ? $"\"model\":\"{model}\"," : "")}}"messages":{{question.Messages}},"stream":{{(stream ? "true" : "false")}}}""";

    /// <summary>Returns the items of a stream without keep-alive comments, and the incomplete rest after the last item.</summary>
    internal (IReadOnlyList<string> Items, string Tail) Split(string text)
    {
        const string Data = "data: ";
        string[] parts = text.Split(isSse ? "\n\n" : "\n");
        return isSse
            ? ([.. parts[..^1].Where(static part => !part.StartsWith(':')).Select(WithoutId).Select(part => part.StartsWith(Data, StringComparison.Ordinal) ? part[Data.Length..] : part)], parts[^1])
            : (parts[..^1], parts[^1]);
    }

    /// <summary>Removes the event id, which only resumable streams have.</summary>
    private static string WithoutId(string part) => part.StartsWith("id: ", StringComparison.Ordinal) ? part[(part.IndexOf('\n', StringComparison.Ordinal) + 1)..] : part;

    /// <returns><see langword="null"/> if it is neither a part of an answer nor an error in the format of this API.</returns>
    internal Said? Read(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (!root.TryGetProperty("error", out JsonElement error))
                return read(root);
            return (this == OpenAi ? error.GetProperty("message") : error).GetString() is { Length: > 0 } words ? new("", null, words) : null;
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static JsonElement? Choice(JsonElement json) => json.GetProperty("choices") is var choices && choices.GetArrayLength() == 1 ? choices[0] : null;

    private static JsonElement Message(JsonElement json) => json.TryGetProperty("delta", out JsonElement delta) ? delta : json.GetProperty("message");

    private static Said Said(JsonElement message, JsonElement ending, string finish) => new(
        (message.TryGetProperty("content", out JsonElement content) ? content.GetString() : null) ?? "",
        ending.TryGetProperty(finish, out JsonElement reason) ? reason.GetString() : null,
        null);
}

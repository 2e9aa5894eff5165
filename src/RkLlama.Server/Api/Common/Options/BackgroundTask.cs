using System.Text.Json;
using RkLlama.Prompts;

namespace RkLlama.Server.Api.Common.Options;

/// <summary>
/// Recognizes requests for whose response no person waits: chat clients ask for a title, tags or search queries beside the conversation. Such requests give way to
/// others.
/// </summary>
internal static class BackgroundTask
{
    /// <summary>Whether a chat request is a task: the field <c>metadata.task</c> names one, or the last message is a task of Open WebUI.</summary>
    /// <param name="body">The body, a JSON object.</param>
    internal static bool IsIn(JsonElement body, IReadOnlyList<ChatMessage> messages) =>
        (body.TryGetProperty("metadata", out JsonElement metadata)
            && metadata.ValueKind == JsonValueKind.Object
            && metadata.TryGetProperty("task", out JsonElement task)
            && task is { ValueKind: JsonValueKind.String }
            && task.GetString() is { Length: > 0 })
        || (messages is [.., { Role: "user", Content: { } text }] && IsTask(text));

    // All prompts of Open WebUI's tasks begin and end with these marks.
    private static bool IsTask(ReadOnlySpan<char> text) =>
        text.TrimStart().StartsWith("### Task:", StringComparison.Ordinal) && text.TrimEnd().EndsWith("</chat_history>", StringComparison.Ordinal);
}

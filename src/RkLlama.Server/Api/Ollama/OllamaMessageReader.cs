using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Ollama;

/// <summary>
/// Converts messages in Ollama's format into <see cref="ChatMessage"/>s. In contrast to OpenAI's format, the reasoning is in <c>thinking</c>, images have their
/// own field, and the content is optional.
/// </summary>
internal static class OllamaMessageReader
{
    /// <summary>Converts one message.</summary>
    /// <param name="message">The message; null if the array item is not an object.</param>
    /// <param name="path">Path of the message in the body, for example <c>messages[0]</c>. For error messages.</param>
    /// <param name="index">Index of the message in the conversation.</param>
    /// <exception cref="ApiException">Status 400: a field is missing or has a wrong value.</exception>
    internal static ChatMessage Read(OllamaMessageBody? message, string path, int index, UnreadableContent unreadable)
    {
        if (message is null)
            throw ApiException.BadRequest($"{path} {MessageReader.NoMessage}", path);
        if (message.Images is { Length: > 0 } && !unreadable.TryOmit(index, "images"))
            throw ApiException.BadRequest($"{path}.images: this is a text model.", path);
        string role = MessageReader.RoleOf(message.Role ?? "", path);
        return new(role, message.Content is null ? "" : MessageReader.Content(message.Content, role, hasCalls: true, $"{path}.content", index, unreadable))
        {
            ToolCalls = role == "assistant" ? MessageReader.CallsOf(message.ToolCalls, $"{path}.tool_calls") : null,
            ToolCallId = message.ToolCallId,
            Name = message.ToolName ?? message.Name,
            Reasoning = role == "assistant" ? message.Thinking : null,
        };
    }
}

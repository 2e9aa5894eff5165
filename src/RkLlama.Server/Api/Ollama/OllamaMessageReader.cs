using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Interprets one message of Ollama. Unlike OpenAI's, the thoughts are in <c>thinking</c>, images have a field of their own, and content is optional.</summary>
internal static class OllamaMessageReader
{
    /// <param name="message">Null if the item is no object.</param>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static ChatMessage Read(OllamaMessageBody? message, string path)
    {
        if (message is null)
            throw ApiException.BadRequest($"{path} {MessageReader.NoMessage}", path);
        if (message.Images is { Length: > 0 })
            throw ApiException.BadRequest($"{path}.images: this is a text model.", path);
        string role = message.Role ?? "";
        if (role is not ("system" or "user" or "assistant" or "tool"))
            throw ApiException.BadRequest($"{path}.role is '{role}': use system, user, assistant or tool.", path);
        return new(role, message.Content is null ? "" : MessageReader.Content(message.Content, role, hasCalls: true, $"{path}.content"))
        {
            ToolCalls = role == "assistant" ? MessageReader.CallsOf(message.ToolCalls, $"{path}.tool_calls") : null,
            ToolCallId = message.ToolCallId,
            Name = message.ToolName ?? message.Name,
            Reasoning = role == "assistant" ? message.Thinking : null,
        };
    }
}

using System.Text;
using System.Text.Json;
using RkLlama.Prompts;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>Reads one message of a conversation, in the form that OpenAI's chat completions gave it and that everybody sends.</summary>
internal static class MessageReader
{
    /// <param name="path">Where the message stands, for error messages.</param>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static ChatMessage Read(JsonElement message, string path)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw ApiException.BadRequest($"{path} must be an object with role and content.", path);

        string role = OptionalText(message, "role", path) ?? throw ApiException.BadRequest($"{path}.role must be a string: system, user, assistant or tool.", path);
        if (role is not ("system" or "developer" or "user" or "assistant" or "tool" or "function"))
            throw ApiException.BadRequest($"{path}.role is '{role}': use system, user, assistant or tool.", path);

        List<ToolCall>? calls = role == "assistant" ? ToolCalls(message, $"{path}.tool_calls") : null;

        // The newer name of one and the older name of another.
        string known = role switch
        {
            "developer" => "system",
            "function" => "tool",
            _ => role,
        };
        return new(known, Content(message, role, calls is not null, $"{path}.content"))
        {
            ToolCalls = calls,
            ToolCallId = OptionalText(message, "tool_call_id", path),
            Name = OptionalText(message, "name", path),
            Reasoning = role == "assistant" ? OptionalText(message, "reasoning_content", path) : null,
        };
    }

    /// <summary>Reads one message as Ollama writes it: thoughts under another name, images apart, content that may be missing.</summary>
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static ChatMessage ReadOllama(JsonElement message, string path)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw ApiException.BadRequest($"{path} must be an object with role and content.", path);
        if (message.Array("images") is { Count: > 0 })
            throw ApiException.BadRequest($"{path}.images: this is a text model.", path);
        string role = OptionalText(message, "role", path) ?? "";
        if (role is not ("system" or "user" or "assistant" or "tool"))
            throw ApiException.BadRequest($"{path}.role is '{role}': use system, user, assistant or tool.", path);
        return new(role, message.TryGet("content", out _) ? Content(message, role, hasCalls: true, $"{path}.content") : "")
        {
            ToolCalls = role == "assistant" ? ToolCalls(message, $"{path}.tool_calls") : null,
            ToolCallId = OptionalText(message, "tool_call_id", path),
            Name = OptionalText(message, "tool_name", path) ?? OptionalText(message, "name", path),
            Reasoning = role == "assistant" ? OptionalText(message, "thinking", path) : null,
        };
    }

    private static string? Content(JsonElement message, string role, bool hasCalls, string path)
    {
        bool absent = !message.TryGetProperty("content", out JsonElement content) || content.ValueKind == JsonValueKind.Null;
        return (absent, content.ValueKind) switch
        {
            (true, _) when hasCalls => null,
            (true, _) when role == "assistant" => "",
            (true, _) => throw ApiException.BadRequest($"{path} is missing: a {role} message needs text.", path),
            (_, JsonValueKind.String) => content.GetString()!,
            (_, JsonValueKind.Array) => Parts(content, path),
            _ => throw ApiException.BadRequest($"{path} must be a string, or an array of {{\"type\": \"text\", \"text\": \"…\"}} parts.", path),
        };
    }

    /// <summary>The texts of the parts, joined: to a text model they are one.</summary>
    internal static string Parts(JsonElement parts, string path)
    {
        StringBuilder text = new();
        int index = 0;
        foreach (JsonElement part in parts.EnumerateArray())
        {
            string at = $"{path}[{index++}]";
            if (part.ValueKind == JsonValueKind.String)
            {
                text.Append(part.GetString()!);
                continue;
            }
            string? type = part.ValueKind == JsonValueKind.Object ? OptionalText(part, "type", at) : null;
            // The responses API calls them by where they come from.
            if (type is not ("text" or "input_text" or "output_text"))
                throw ApiException.BadRequest($"{at} must be a part of type text; this model takes no {type ?? "other content"}.", at);
            text.Append(OptionalText(part, "text", at) ?? throw ApiException.BadRequest($"{at}.text must be a string.", at));
        }
        return text.ToString();
    }

    private static List<ToolCall>? ToolCalls(JsonElement message, string path)
    {
        if (!message.TryGetProperty("tool_calls", out JsonElement calls) || calls.ValueKind == JsonValueKind.Null)
            return null;
        if (calls.ValueKind != JsonValueKind.Array)
            throw ApiException.BadRequest($"{path} must be an array.", path);
        List<ToolCall> read = [];
        foreach (JsonElement call in calls.EnumerateArray())
        {
            string at = $"{path}[{read.Count}]";
            if (call.ValueKind != JsonValueKind.Object || !call.TryGetProperty("function", out JsonElement function) || function.ValueKind != JsonValueKind.Object)
                throw ApiException.BadRequest($"{at} must be an object with a function.", at);
            string name = OptionalText(function, "name", at) ?? throw ApiException.BadRequest($"{at}.function.name must be a string.", at);
            JsonElement arguments = function.TryGetProperty("arguments", out JsonElement given) ? given : default;
            if (arguments.ValueKind is not (JsonValueKind.Object or JsonValueKind.String))
                throw ApiException.BadRequest($"{at}.function.arguments must be an object, or a string that holds one.", at);
            read.Add(new(OptionalText(call, "id", at), name, arguments));
        }
        return read.Count == 0 ? null : read;
    }

    private static string? OptionalText(JsonElement owner, string key, string path) =>
        owner.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : null;
}

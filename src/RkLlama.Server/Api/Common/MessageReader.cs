using System.Text;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Prompts;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Common;

/// <summary>Converts messages in the format of OpenAI's chat completions into <see cref="ChatMessage"/>s.</summary>
internal static class MessageReader
{
    internal const string NoMessage = "must be an object with role and content.";

    /// <summary>Converts one message.</summary>
    /// <param name="message">The message; null if the array item is not an object.</param>
    /// <param name="path">Path of the message in the body, for example <c>messages[0]</c>. For error messages.</param>
    /// <exception cref="ApiException">Status 400: a field is missing or has a wrong value.</exception>
    internal static ChatMessage Read(MessageBody? message, string path)
    {
        if (message is null)
            throw ApiException.BadRequest($"{path} {NoMessage}", path);

        string role = message.Role ?? throw ApiException.BadRequest($"{path}.role must be a string: system, user, assistant or tool.", path);
        if (role is not ("system" or "developer" or "user" or "assistant" or "tool" or "function"))
            throw ApiException.BadRequest($"{path}.role is '{Excerpt.Of(role)}': use system, user, assistant or tool.", path);

        List<ToolCall>? calls = role == "assistant" ? CallsOf(message.ToolCalls, $"{path}.tool_calls") : null;

        // OpenAI has renamed system to developer, and function to tool. Both names are accepted.
        string known = role switch
        {
            "developer" => "system",
            "function" => "tool",
            _ => role,
        };
        return new(known, Content(message.Content, role, calls is not null, $"{path}.content"))
        {
            ToolCalls = calls,
            ToolCallId = message.ToolCallId,
            Name = message.Name,
            Reasoning = role == "assistant" ? message.ReasoningContent : null,
        };
    }

    internal static string? Content(StringOrParts? content, string role, bool hasCalls, string path) => content switch
    {
        null when hasCalls => null,
        null when role == "assistant" => "",
        null => throw ApiException.BadRequest($"{path} is missing: a {role} message needs text.", path),
        { Text: { } text } => text,
        { Parts: { } parts } => Join(parts, path),
        _ => throw ApiException.BadRequest($"{path} must be a string, or an array of {{\"type\": \"text\", \"text\": \"…\"}} parts.", path),
    };

    /// <summary>Joins the texts of all parts without a separator.</summary>
    /// <param name="path">Path of the parts in the body, for error messages.</param>
    /// <exception cref="ApiException">Status 400: a part is not a text part.</exception>
    internal static string Join(IReadOnlyList<ContentPartBody?> parts, string path)
    {
        StringBuilder text = new();
        foreach ((int index, ContentPartBody? part) in parts.Index())
        {
            string at = $"{path}[{index}]";

            // In the responses API, the type of a text part is input_text or output_text, depending on the author.
            if (part?.Type is not ("text" or "input_text" or "output_text"))
                throw ApiException.BadRequest($"{at} must be a part of type text; this model takes no {Excerpt.Of(part?.Type ?? "other content")}.", at);
            text.Append(part.Text ?? throw ApiException.BadRequest($"{at}.text must be a string.", at));
        }

        return text.ToString();
    }

    internal static List<ToolCall>? CallsOf(ToolCalls? field, string path)
    {
        if (field is not { } given)
            return null;
        List<ToolCall> read = [];
        foreach (ToolCallBody? call in given.Calls ?? throw ApiException.BadRequest($"{path} must be an array.", path))
        {
            string at = $"{path}[{read.Count}]";
            if (call?.Function is not { } function)
                throw ApiException.BadRequest($"{at} must be an object with a function.", at);
            string name = function.Name ?? throw ApiException.BadRequest($"{at}.function.name must be a string.", at);
            if (function.Arguments.ValueKind is not (JsonValueKind.Object or JsonValueKind.String))
                throw ApiException.BadRequest($"{at}.function.arguments must be an object, or a string that holds one.", at);
            read.Add(new(call.Id, name, function.Arguments));
        }

        return read.Count == 0 ? null : read;
    }
}

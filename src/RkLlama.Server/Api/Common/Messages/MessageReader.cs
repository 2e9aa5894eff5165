using System.Text;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Common.Messages;

/// <summary>Converts messages in the format of OpenAI's chat completions into <see cref="ChatMessage"/>s.</summary>
internal static class MessageReader
{
    internal const string NoMessage = "must be an object with role and content.";

    // The longest role has 9 letters. Longer texts are not converted to lower case.
    private const int MaxRoleLength = 16;

    /// <summary>Converts the messages of a request.</summary>
    /// <param name="unreadable">Receives what was left out of older messages.</param>
    /// <exception cref="ApiException">Status 400: a field is missing or has a wrong value.</exception>
    internal static List<ChatMessage> ReadAll(MessageBody?[] messages, out UnreadableContent unreadable)
    {
        UnreadableContent content = unreadable = UnreadableContent.In(messages.Select(static message => message?.Role));
        return [.. messages.Select((message, index) => Read(message, $"messages[{index}]", index, content))];
    }

    /// <summary>Converts one message.</summary>
    /// <param name="message">The message; null if the array item is not an object.</param>
    /// <param name="path">Path of the message in the body, for example <c>messages[0]</c>. For error messages.</param>
    /// <param name="index">Index of the message in the conversation.</param>
    /// <exception cref="ApiException">Status 400: a field is missing or has a wrong value.</exception>
    internal static ChatMessage Read(MessageBody? message, string path, int index, UnreadableContent unreadable)
    {
        if (message is null)
            throw ApiException.BadRequest($"{path} {NoMessage}", path);

        string role = RoleOf(message.Role ?? throw ApiException.BadRequest($"{path}.role must be a string: system, user, assistant or tool.", path), path);
        List<ToolCall>? calls = role == "assistant" ? CallsOf(message.ToolCalls, $"{path}.tool_calls") : null;
        if (role == "assistant" && calls is null && message.FunctionCall is { } function)
            calls = [LegacyCallOf(function, $"{path}.function_call")];
        return new(role, Content(message.Content, role, calls is not null, $"{path}.content", index, unreadable))
        {
            ToolCalls = calls,
            ToolCallId = message.ToolCallId,
            Name = message.Name,
            Reasoning = role == "assistant" ? message.ReasoningContent : null,
        };
    }

    /// <summary>
    /// Returns the role in the form that chat templates know. Roles may be written in any case. OpenAI has renamed system to developer, and function to tool;
    /// both names are accepted.
    /// </summary>
    /// <exception cref="ApiException">Status 400: the role is unknown.</exception>
    internal static string RoleOf(string role, string path) => (role.Length <= MaxRoleLength ? role.ToLowerInvariant() : role) switch
    {
        "system" or "developer" => "system",
        "user" => "user",
        "assistant" => "assistant",
        "tool" or "function" => "tool",
        _ => throw ApiException.BadRequest($"{path}.role is '{Excerpt.Of(role)}': use system, user, assistant or tool.", path),
    };

    /// <param name="role">The role, as <see cref="RoleOf"/> returns it.</param>
    internal static string? Content(StringOrParts? content, string role, bool hasCalls, string path, int index, UnreadableContent unreadable) => content switch
    {
        null when hasCalls => null,
        null when role is "assistant" or "tool" => "",
        null => throw ApiException.BadRequest($"{path} is missing: a {role} message needs text.", path),
        { Text: { } text } => text,
        { Json: { } json } when role == "tool" => json,
        { Parts: { } parts } => Join(parts, role, path, index, unreadable),
        _ => throw ApiException.BadRequest($"{path} must be a string, or an array of {{\"type\": \"text\", \"text\": \"…\"}} parts.", path),
    };

    /// <summary>
    /// Joins the texts of all parts without a separator. Skips the parts of an assistant message that are not part of its text: a refusal and the thinking.
    /// </summary>
    /// <param name="path">Path of the parts in the body, for error messages.</param>
    /// <exception cref="ApiException">Status 400: a part has no type, or the model cannot read it and it belongs to the newest turn.</exception>
    internal static string Join(IReadOnlyList<ContentPartBody?> parts, string role, string path, int message, UnreadableContent unreadable)
    {
        StringBuilder text = new();
        foreach ((int index, ContentPartBody? part) in parts.Index())
        {
            string at = $"{path}[{index}]";
            switch (part?.Type)
            {
                // In the responses API, the type of a text part is input_text or output_text, depending on the author. A part without a type may be a text, too.
                case "text" or "input_text" or "output_text":
                case null when part?.Text is not null:
                    text.Append(part.Text ?? throw ApiException.BadRequest($"{at}.text must be a string.", at));
                    break;
                case "refusal" or "thinking" or "redacted_thinking" or "reasoning" or "reasoning_text" when role == "assistant":
                    break;
                case { } type when unreadable.TryOmit(message, type):
                    break;
                default:
                    throw ApiException.BadRequest($"{at} must be a part of type text; this model takes no {Excerpt.Of(part?.Type ?? "other content")}.", at);
            }
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
            if (call is { Custom: { Name: { } custom } } && call.Function is null)
                read.Add(new(call.Id, custom, CustomTool.ArgumentsOf(call.Custom.Input ?? "")));
            else if (call?.Function is { } function)
                read.Add(CallOf(call.Id, function, $"{at}.function"));
            else
                throw ApiException.BadRequest($"{at} must be an object with a function.", at);
        }

        return read.Count == 0 ? null : read;
    }

    private static ToolCall LegacyCallOf(JsonElement call, string at)
    {
        if (call.ValueKind != JsonValueKind.Object)
            throw ApiException.BadRequest($"{at} must be an object with name and arguments.", at);
        return CallOf(
            null,
            new()
            {
                Name = ToolOptions.NameOf(call)!,
                Arguments = call.TryGetProperty("arguments", out JsonElement arguments) ? arguments : default,
            },
            at);
    }

    private static ToolCall CallOf(string? id, FunctionCallBody function, string at)
    {
        string name = function.Name ?? throw ApiException.BadRequest($"{at}.name must be a string.", at);
        return function.Arguments.ValueKind is JsonValueKind.Object or JsonValueKind.String or JsonValueKind.Null or JsonValueKind.Undefined
            ? new(id, name, function.Arguments)
            : throw ApiException.BadRequest($"{at}.arguments must be an object, or a string that holds one.", at);
    }
}

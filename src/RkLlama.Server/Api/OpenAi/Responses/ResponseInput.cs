using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>
/// Converts the field <c>input</c> into chat messages. The field is a string or an array of items. Several items may become one message: the items of tool
/// calls are added to the preceding message if it is from the assistant.
/// </summary>
internal static class ResponseInput
{
    private static JsonElement Empty { get; } = JsonElement.Parse("{}");

    /// <summary>Returns the messages of <c>instructions</c> and <c>input</c>, in order.</summary>
    /// <exception cref="ApiException">Status 400: the input is missing or has a wrong value.</exception>
    internal static List<ChatMessage> Read(ResponsesBody body)
    {
        List<ChatMessage> messages = body.Instructions is { Length: > 0 } instructions ? [new("system", instructions)] : [];
        JsonElement input = body.Input;
        if (input.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            throw ApiException.BadRequest("input is missing: send a text, or an array of items.", "input");
        if (input.ValueKind == JsonValueKind.String)
            messages.Add(new("user", input.GetString()!));
        else if (input.ValueKind == JsonValueKind.Array && input.GetArrayLength() > 0)
            ReadItems(input, messages);
        else
            throw JsonFields.Wrong("input", "a text, or an array of items");
        return messages;
    }

    private static void ReadItems(JsonElement input, List<ChatMessage> messages)
    {
        foreach ((int index, JsonElement json) in input.EnumerateArray().Index())
        {
            string at = $"input[{index}]";
            if (json.ValueKind != JsonValueKind.Object)
                throw ApiException.BadRequest($"{at} must be an object.", "input");

            // The type of an item determines how it is read. A message may have all fields of a message of chat completions. A reasoning item is not read at
            // all.
            JsonElement type = json.TryGet("type", out JsonElement given) ? given : default;
            switch (type.ValueKind switch { JsonValueKind.Undefined => "message", JsonValueKind.String => type.GetString(), _ => throw JsonFields.Wrong("type", "a string") })
            {
                case "message":
                    messages.Add(MessageReader.Read(OpenAiBodyJson.Reader.Read<MessageBody>(json, at), at));
                    break;
                case "function_call":
                    ResponseItemBody call = OpenAiBodyJson.Reader.Read<ResponseItemBody>(json);
                    AddCall(messages, new(call.CallId, Require(call.Name, "name", at), Arguments(call, at)));
                    break;
                case "function_call_output":
                    ResponseItemBody result = OpenAiBodyJson.Reader.Read<ResponseItemBody>(json);
                    messages.Add(new("tool", Output(result, at)) { ToolCallId = Require(result.CallId, "call_id", at) });
                    break;
                case "reasoning":
                    // Reasoning items are ignored, because models do not see the reasoning of earlier messages.
                    break;
                case var other:
                    throw OpenAiRequest.Unsupported($"{at} is of the type {Excerpt.Of(other)}: use message, function_call and function_call_output.", "input");
            }
        }

        if (messages.Count == 0)
            throw ApiException.BadRequest("input has no message.", "input");
    }

    /// <summary>Adds a call to the last message if it is from the assistant; otherwise adds a new assistant message with the call.</summary>
    private static void AddCall(List<ChatMessage> messages, ToolCall call)
    {
        if (messages is [.., { Role: "assistant" } last])
            messages[^1] = last with { ToolCalls = [.. last.ToolCalls ?? [], call] };
        else
            messages.Add(new("assistant", null) { ToolCalls = [call] });
    }

    private static JsonElement Arguments(ResponseItemBody item, string at) => item.Arguments switch
    {
        null => Empty,
        { ValueKind: JsonValueKind.Object or JsonValueKind.String } arguments => arguments,
        _ => throw ApiException.BadRequest($"{at}.arguments must be an object, or a string that holds one.", "input"),
    };

    private static string Output(ResponseItemBody item, string at) => item.Output switch
    {
        null => throw ApiException.BadRequest($"{at}.output is missing.", "input"),
        { Text: { } text } => text,
        { Parts: { } parts } => MessageReader.Join(parts, $"{at}.output"),
        _ => throw ApiException.BadRequest($"{at}.output must be a text, or an array of parts.", "input"),
    };

    private static string Require(string? text, string name, string at) =>
        text is { Length: > 0 } ? text : throw ApiException.BadRequest($"{at}.{name} is missing.", "input");
}

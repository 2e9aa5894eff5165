using System.Text.Json;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Reads the <c>input</c> of a response: a text, or items, of which a turn of the conversation may take several.</summary>
internal static class ResponseInput
{
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static List<ChatMessage> Read(JsonElement body)
    {
        List<ChatMessage> messages = body.Text("instructions") is { Length: > 0 } instructions ? [new("system", instructions)] : [];
        if (!body.TryGet("input", out JsonElement input))
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
        foreach ((int index, JsonElement item) in input.EnumerateArray().Index())
        {
            string at = $"input[{index}]";
            if (item.ValueKind != JsonValueKind.Object)
                throw ApiException.BadRequest($"{at} must be an object.", "input");
            switch (item.Text("type"))
            {
                case null or "message":
                    messages.Add(MessageReader.Read(item, at));
                    break;
                case "function_call":
                    AddCall(messages, new(item.Text("call_id"), RequireText(item, "name", at), Arguments(item, at)));
                    break;
                case "function_call_output":
                    messages.Add(new("tool", Output(item, at)) { ToolCallId = RequireText(item, "call_id", at) });
                    break;
                case "reasoning":
                    // Models are not shown what they thought in earlier turns.
                    break;
                case { } other:
                    throw RequestFields.Unsupported($"{at} is of the type {other}: use message, function_call and function_call_output.", "input");
            }
        }

        if (messages.Count == 0)
            throw ApiException.BadRequest("input has no message.", "input");
    }

    private static JsonElement Empty { get; } = JsonDocument.Parse("{}").RootElement;

    /// <summary>Calls belong to the assistant's turn before them; without one they are a turn of their own.</summary>
    private static void AddCall(List<ChatMessage> messages, ToolCall call)
    {
        if (messages is [.., { Role: "assistant" } last])
            messages[^1] = last with { ToolCalls = [.. last.ToolCalls ?? [], call] };
        else
            messages.Add(new("assistant", null) { ToolCalls = [call] });
    }

    private static JsonElement Arguments(JsonElement item, string at)
    {
        if (!item.TryGet("arguments", out JsonElement arguments))
            return Empty;
        return arguments.ValueKind is JsonValueKind.Object or JsonValueKind.String
            ? arguments
            : throw ApiException.BadRequest($"{at}.arguments must be an object, or a string that holds one.", "input");
    }

    private static string Output(JsonElement item, string at)
    {
        if (!item.TryGet("output", out JsonElement output))
            throw ApiException.BadRequest($"{at}.output is missing.", "input");
        return output.ValueKind switch
        {
            JsonValueKind.String => output.GetString()!,
            JsonValueKind.Array => MessageReader.Parts(output, $"{at}.output"),
            _ => throw ApiException.BadRequest($"{at}.output must be a text, or an array of parts.", "input"),
        };
    }

    private static string RequireText(JsonElement item, string name, string at) =>
        item.Text(name) is { Length: > 0 } text ? text : throw ApiException.BadRequest($"{at}.{name} is missing.", "input");
}

using System.Text;
using System.Text.Json;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>
/// Converts the field <c>input</c> into chat messages. The field is a string or an array of items. Several items may become one message: the items of tool
/// calls are added to the preceding message if it is from the assistant, and the text of a reasoning item to the assistant's message after it. Items of unknown
/// types are left out, for example those of tools that OpenAI hosts: the conversation is useful without them.
/// </summary>
internal sealed class ResponseInput
{
    private readonly List<ChatMessage> _messages = [];
    private readonly SortedSet<string> _skipped = new(StringComparer.Ordinal);
    private readonly ToolOptions _tools;
    private readonly UnreadableContent _unreadable;
    private readonly StringBuilder _reasoning = new();

    // The calls of the last message, if AddCall has made their list; otherwise null.
    private List<ToolCall>? _calls;

    // Name of the field with the items, for error messages.
    private readonly string _field;

    private ResponseInput(ToolOptions tools, UnreadableContent unreadable, string field) => (_tools, _unreadable, _field) = (tools, unreadable, field);

    private static JsonElement Empty { get; } = JsonElement.Parse("{}");

    /// <summary>The messages of <c>instructions</c> and <c>input</c>, in order.</summary>
    internal IReadOnlyList<ChatMessage> Messages => _messages;

    /// <summary>Names of the items and parts that were left out, for the response header.</summary>
    internal IEnumerable<string> Ignored => [.. _skipped.Select(static type => $"input.{type}"), .. _unreadable.Omitted];

    /// <exception cref="ApiException">Status 400: the input is missing, has a wrong value, or takes too long to read.</exception>
    internal static ResponseInput Read(ResponsesBody body, ToolOptions tools, CpuBudget cpu)
    {
        JsonElement input = body.Input;
        if (input.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            throw ApiException.BadRequest("input is missing: send a text, or an array of items.", "input");
        bool isList = input.ValueKind == JsonValueKind.Array && input.GetArrayLength() > 0;
        ResponseInput read = new(tools, isList ? UnreadableContent.In(input.EnumerateArray().Select(RoleOf)) : new(0), "input");
        if (body.Instructions is { Length: > 0 } instructions)
            read._messages.Add(new("system", instructions));
        if (input.ValueKind == JsonValueKind.String)
            read._messages.Add(new("user", input.GetString()!));
        else if (isList)
            read.ReadItems(input, cpu);
        else
            throw JsonFields.Wrong("input", "a text, or an array of items");
        return read;
    }

    /// <summary>Checks items that a later request will read.</summary>
    /// <param name="items">An array of objects.</param>
    /// <exception cref="ApiException">Status 400: an item has a wrong value, or takes too long to read.</exception>
    internal static void Check(JsonElement items, string field, CpuBudget cpu)
    {
        if (items.GetArrayLength() > 0)
            new ResponseInput(ToolOptions.From(null, null), UnreadableContent.In(items.EnumerateArray().Select(RoleOf)), field).ReadItems(items, cpu);
    }

    /// <summary>Returns the lists of tools in items of the input. Some clients, such as Codex, offer tools in an item and not in the field <c>tools</c>.</summary>
    internal static IEnumerable<(string Field, JsonElement Tools)> AdditionalTools(JsonElement input)
    {
        foreach ((int index, JsonElement item) in input.ValueKind == JsonValueKind.Array ? input.EnumerateArray().Index() : [])
        {
            if (item.ValueKind == JsonValueKind.Object && TypeOf(item) == "additional_tools" && item.TryGet("tools", out JsonElement tools))
                yield return ($"input[{index}].tools", tools);
        }
    }

    private static string? RoleOf(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty("role", out JsonElement role) && role.ValueKind == JsonValueKind.String
            ? role.GetString()
            : null;

    private void ReadItems(JsonElement input, CpuBudget cpu)
    {
        int before = _messages.Count;
        foreach ((int index, JsonElement json) in input.EnumerateArray().Index())
        {
            string at = $"{_field}[{index}]";
            if (cpu.IsExceeded())
                throw ApiException.BadRequest($"{_field} takes too long to read: send fewer items.", _field);
            if (json.ValueKind != JsonValueKind.Object)
                throw ApiException.BadRequest($"{at} must be an object.", _field);
            ReadItem(json, TypeOf(json), at, index);
        }

        if (_messages.Count == before)
            throw ApiException.BadRequest($"{_field} has no message.", _field);
    }

    /// <summary>Reads one item. Its type determines how it is read. A message may have all fields of a message of chat completions.</summary>
    private void ReadItem(JsonElement json, string type, string at, int index)
    {
        switch (type)
        {
            case "message":
                Add(MessageReader.Read(OpenAiBodyJson.Reader.Read<MessageBody>(json, at), at, index, _unreadable));
                break;
            case "function_call":
                ResponseItemBody call = OpenAiBodyJson.Reader.Read<ResponseItemBody>(json);
                AddCall(new(call.CallId, _tools.ShownName(Require(call.Name, "name", at), call.Namespace), Arguments(call, at)));
                break;
            case "custom_tool_call":
                ResponseItemBody custom = OpenAiBodyJson.Reader.Read<ResponseItemBody>(json);
                AddCall(new(custom.CallId, _tools.ShownName(Require(custom.Name, "name", at), custom.Namespace), CustomTool.ArgumentsOf(custom.Input ?? "")));
                break;
            case "function_call_output" or "custom_tool_call_output":
                ResponseItemBody result = OpenAiBodyJson.Reader.Read<ResponseItemBody>(json);
                Add(new("tool", MessageReader.Content(result.Output, "tool", hasCalls: false, $"{at}.output", index, _unreadable)) { ToolCallId = Require(result.CallId, "call_id", at) });
                break;
            case "reasoning":
                // The template decides whether the model sees it. A summary is not what the model wrote.
                _reasoning.Append(ReasoningOf(OpenAiBodyJson.Reader.Read<ResponseItemBody>(json)));
                break;
            case "additional_tools":
                // AdditionalTools reads them.
                break;
            default:
                _skipped.Add(type);
                break;
        }
    }

    private static string TypeOf(JsonElement item) => !item.TryGet("type", out JsonElement type)

        // OpenAI's own libraries send a reference to an item without its type.
        ? item.TryGetProperty("role", out _) || !item.TryGetProperty("id", out _) ? "message" : "item_reference"
        : type.ValueKind == JsonValueKind.String ? type.GetString()! : throw JsonFields.Wrong("type", "a string");

    private static string? ReasoningOf(ResponseItemBody item) => item.Content switch
    {
        { Text: { } text } => text,
        { Parts: { } parts } => string.Concat(parts.Where(static part => part?.Type == "reasoning_text").Select(static part => part!.Text)),
        _ => null,
    };

    private void Add(ChatMessage message)
    {
        _messages.Add(message.Role == "assistant" && _reasoning.Length > 0 ? message with { Reasoning = message.Reasoning ?? _reasoning.ToString() } : message);
        _reasoning.Clear();
        _calls = null;
    }

    /// <summary>Adds a call to the last message if it is from the assistant; otherwise adds a new assistant message with the call.</summary>
    private void AddCall(ToolCall call)
    {
        if (_messages is not [.., { Role: "assistant" }])
            Add(new("assistant", null));
        if (_calls is null)
        {
            _calls = [.. _messages[^1].ToolCalls ?? []];
            _messages[^1] = _messages[^1] with { ToolCalls = _calls };
        }

        _calls.Add(call);
    }

    private JsonElement Arguments(ResponseItemBody item, string at) => item.Arguments switch
    {
        null => Empty,
        { ValueKind: JsonValueKind.Object or JsonValueKind.String } arguments => arguments,
        _ => throw ApiException.BadRequest($"{at}.arguments must be an object, or a string that holds one.", _field),
    };

    private string Require(string? text, string name, string at) =>
        text is { Length: > 0 } ? text : throw ApiException.BadRequest($"{at}.{name} is missing.", _field);
}

using System.Text.Json;
using RkLlama.Prompts.Jinja.BuiltIns;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Conversations;

/// <summary>Converts a conversation to the variables of a template.</summary>
/// <param name="tokens">The special tokens that the template can use as variables.</param>
internal sealed class TemplateVariables(SpecialTokens tokens)
{
    private const string EnableThinking = "enable_thinking";
    private const string Thinking = "thinking"; // the same variable in the templates of Granite and DeepSeek

    // The roles that the server accepts. Their names count as template text, because templates make control tokens of them, as in <|user|>.
    private static readonly HashSet<string> _roles = new(["system", "user", "assistant", "tool"], StringComparer.Ordinal);

    // The names that requests cannot set, besides those of the special tokens and of the built-in functions.
    private static readonly HashSet<string> _protected = new(["messages", "tools", "add_generation_prompt", "continue_final_message"], StringComparer.Ordinal);

    /// <summary>Whether a request may set the variable.</summary>
    public static bool IsSettable(string name) =>
        !_protected.Contains(name) && !SpecialTokens.Names.Contains(name) && BuiltInGlobals.Scope.Find(name) is null;

    /// <summary>Creates the variables. A variable without a value is not defined.</summary>
    /// <param name="noTools">The value of <c>tools</c> if the conversation has no tools; null to leave it undefined.</param>
    public Dictionary<string, Value> Of(TemplateInput input, Value? noTools)
    {
        Conversation conversation = input.Conversation;
        Dictionary<string, Value> variables = [];
        foreach ((string name, JsonElement value) in conversation.TemplateVariables ?? new Dictionary<string, JsonElement>())
        {
            if (IsSettable(name))
                variables[name] = JsonValues.Convert(value, fromRequest: true);
        }

        ChatMessage? toolMessage = input.HasToolsInSystem ? conversation.Messages.FirstOrDefault(message => message.Role == "system") : null;
        variables["messages"] = new ListValue([.. conversation.Messages.Select(message => Message(message, input, ReferenceEquals(message, toolMessage)))]);
        if ((conversation.Tools is { Count: > 0 } tools ? ToList(tools) : noTools) is { } offered)
            variables["tools"] = offered;
        variables["add_generation_prompt"] = BooleanValue.Of(conversation.AddsGenerationPrompt);
        foreach ((string name, string text) in tokens.ByName)
            variables[name] = StringValue.FromTemplate(text);
        if (conversation.EnableThinking is { } thinking)
        {
            variables[EnableThinking] = BooleanValue.Of(thinking);
            variables.TryAdd(Thinking, BooleanValue.Of(thinking));
        }

        return variables;
    }

    private static ListValue ToList(IReadOnlyList<JsonElement> tools) => new([.. tools.Select(tool => JsonValues.Convert(tool, fromRequest: true))]);

    private static DictValue Message(ChatMessage message, TemplateInput input, bool hasTools)
    {
        DictValue value = new();
        value.Set("role", _roles.Contains(message.Role) ? StringValue.FromTemplate(message.Role) : StringValue.FromRequest(message.Role));
        value.Set("content", message.Content is { } content ? Content(content, input.HasContentParts) : NoneValue.Instance);
        if (message.ToolCalls is { Count: > 0 } calls)
            value.Set("tool_calls", new ListValue([.. calls.Select(call => Call(call, input.HasTextArguments))]));
        SetText(value, "tool_call_id", message.ToolCallId);
        SetText(value, "name", message.Name);
        SetText(value, "reasoning_content", message.Reasoning);
        if (hasTools)
            SetText(value, "tools", GenericTools.FunctionsAsJson(input.Conversation.Tools!));
        return value;
    }

    private static Value Content(string content, bool asParts)
    {
        if (!asParts)
            return StringValue.FromRequest(content);
        DictValue part = new();
        part.Set("type", StringValue.FromTemplate("text"));
        part.Set("text", StringValue.FromRequest(content));
        return new ListValue([part]);
    }

    private static DictValue Call(ToolCall call, bool asText)
    {
        DictValue function = new();
        function.Set("name", StringValue.FromRequest(call.Name));
        if (call.Arguments.ValueKind != JsonValueKind.Undefined)
            function.Set("arguments", asText ? ToolArguments.AsText(call.Arguments) : ToolArguments.AsObject(call.Arguments));
        DictValue value = new();
        SetText(value, "id", call.Id);
        value.Set("type", StringValue.FromTemplate("function"));
        value.Set("function", function);
        return value;
    }

    private static void SetText(DictValue value, string name, string? text)
    {
        if (text is not null)
            value.Set(name, StringValue.FromRequest(text));
    }
}

using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts;

/// <summary>
/// A model's chat template. The constructor renders small test conversations, to find out which forms of messages the template supports. Immutable; many
/// threads may render at the same time.
/// </summary>
internal sealed class ChatTemplate
{
    private const string ProbeText = "9f2c61";

    // The roles that the server accepts. Their names count as template text, because templates make control tokens of them, as in <|user|>.
    private static readonly HashSet<string> _roles = new(["system", "user", "assistant", "tool"], StringComparer.Ordinal);

    private readonly Template _default;
    private readonly Template? _withTools;
    private readonly SpecialTokens _tokens;
    private readonly TimeProvider _time;
    private readonly bool _takesContentParts;

    /// <param name="source">The Jinja source.</param>
    /// <param name="toolSource">The Jinja source for requests with tools; null to use <paramref name="source"/>.</param>
    /// <param name="tokens">The special tokens that the template can use as variables.</param>
    /// <param name="time">The clock for the function <c>strftime_now</c>.</param>
    /// <param name="cpu">The processor time of the test renderings together.</param>
    /// <exception cref="TemplateException">One of the two sources is not valid.</exception>
    public ChatTemplate(string source, string? toolSource, SpecialTokens tokens, TimeProvider time, CpuBudget cpu)
    {
        Source = source;
        ToolSource = toolSource ?? source;
        _default = Template.Compile(source);
        _withTools = toolSource is null ? null : Template.Compile(toolSource);
        _tokens = tokens;
        _time = time;
        ChatMessage user = new("user", ProbeText);
        _takesContentParts = !ShowsProbe([user], asParts: false, cpu) && ShowsProbe([user], asParts: true, cpu);
        SupportsSystemRole = ShowsProbe([new("system", ProbeText), new("user", "x")], _takesContentParts, cpu);
    }

    /// <summary>The Jinja source.</summary>
    public string Source { get; }

    /// <summary>The Jinja source for requests with tools. Equal to <see cref="Source"/> if the model has one template.</summary>
    public string ToolSource { get; }

    /// <summary>Whether the template renders system messages. If not, the caller must merge them into the first user message.</summary>
    public bool SupportsSystemRole { get; }

    /// <summary>Renders a conversation to a prompt. The prompt ends with the text that introduces the assistant's answer.</summary>
    /// <exception cref="TemplateException">The template refuses the conversation, or rendering fails.</exception>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public PromptText Render(Conversation conversation, CpuBudget cpu)
    {
        try
        {
            return Render(conversation, ArgumentForm.Object, _takesContentParts, cpu);
        }
        catch (TemplateException) when (conversation.Messages.Any(message => message.ToolCalls is { Count: > 0 }))
        {
            // Most templates write the arguments of a tool call with tojson, which needs an object. Some concatenate them, which needs the JSON string that
            // the API sends.
            return Render(conversation, ArgumentForm.Text, _takesContentParts, cpu);
        }
    }

    private bool ShowsProbe(IReadOnlyList<ChatMessage> messages, bool asParts, CpuBudget cpu)
    {
        try
        {
            string text = Render(new(messages), ArgumentForm.Object, asParts, cpu).Text;
            // If the template writes the list of parts as a Python list, it does not support parts.
            return text.Contains(ProbeText, StringComparison.Ordinal) && !text.Contains($"'text': '{ProbeText}'", StringComparison.Ordinal);
        }
        catch (TemplateException)
        {
            return false;
        }
    }

    private PromptText Render(Conversation conversation, ArgumentForm form, bool asParts, CpuBudget cpu)
    {
        bool hasTools = conversation.Tools is { Count: > 0 };
        Dictionary<string, Value> variables = new()
        {
            ["messages"] = new ListValue([.. conversation.Messages.Select(message => ToValue(message, form, asParts))]),
            ["tools"] = hasTools
                ? new ListValue([.. conversation.Tools!.Select(tool => JsonValues.Convert(tool, fromRequest: true))])
                : NoneValue.Instance,
            ["documents"] = NoneValue.Instance,
            ["add_generation_prompt"] = BooleanValue.True,
        };
        foreach ((string name, string text) in _tokens.ByName)
            variables[name] = StringValue.FromTemplate(text);
        if (conversation.EnableThinking is { } thinking)
            variables["enable_thinking"] = BooleanValue.Of(thinking);
        return (hasTools ? _withTools ?? _default : _default).Render(variables, RenderLimits.Default, cpu, _time);
    }

    private static DictValue ToValue(ChatMessage message, ArgumentForm form, bool asParts)
    {
        DictValue value = new();
        value.Set("role", _roles.Contains(message.Role) ? StringValue.FromTemplate(message.Role) : StringValue.FromRequest(message.Role));
        value.Set("content", message.Content is { } content ? ContentValue(content, asParts) : NoneValue.Instance);
        if (message.ToolCalls is { Count: > 0 } calls)
            value.Set("tool_calls", new ListValue([.. calls.Select(call => ToValue(call, form))]));
        SetText(value, "tool_call_id", message.ToolCallId);
        SetText(value, "name", message.Name);
        SetText(value, "reasoning_content", message.Reasoning);
        return value;
    }

    private static Value ContentValue(string content, bool asParts)
    {
        if (!asParts)
            return StringValue.FromRequest(content);
        DictValue part = new();
        part.Set("type", StringValue.FromTemplate("text"));
        part.Set("text", StringValue.FromRequest(content));
        return new ListValue([part]);
    }

    private static DictValue ToValue(ToolCall call, ArgumentForm form)
    {
        DictValue function = new();
        function.Set("name", StringValue.FromRequest(call.Name));
        function.Set("arguments", form == ArgumentForm.Object ? ToolArguments.AsObject(call.Arguments) : ToolArguments.AsText(call.Arguments));
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

    private enum ArgumentForm
    {
        Object,
        Text,
    }
}

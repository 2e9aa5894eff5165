using System.Text.RegularExpressions;
using RkLlama.Prompts.Conversations;
using RkLlama.Prompts.Jinja;

namespace RkLlama.Prompts;

/// <summary>
/// A model's chat template. The constructor renders small test conversations, to find out which forms of messages the template supports. Immutable; many
/// threads may render at the same time.
/// </summary>
internal sealed partial class ChatTemplate
{
    private const string EnableThinking = "enable_thinking";
    private const string Thinking = "thinking";

    private readonly RepairingTemplate _default;
    private readonly RepairingTemplate? _withTools;

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
        _default = new(Template.Compile(source), tokens, time, cpu);
        _withTools = toolSource is null ? null : new(Template.Compile(toolSource), tokens, time, cpu);
    }

    /// <summary>The Jinja source.</summary>
    public string Source { get; }

    /// <summary>The Jinja source for requests with tools. Equal to <see cref="Source"/> if the model has one template.</summary>
    public string ToolSource { get; }

    /// <summary>Whether the template renders system messages. If not, they are merged into the first user message.</summary>
    public bool SupportsSystemRole => !_default.Needs(ConversationRepairs.MergesSystem);

    /// <summary>
    /// Renders a conversation to a prompt. The prompt ends with the text that introduces the assistant's answer, or with the text of the last message if the
    /// answer continues it. If the template refuses the conversation or leaves out its text, it gets a repaired one.
    /// </summary>
    /// <param name="cpu">The processor time of all attempts together.</param>
    /// <param name="notes">Receives what had to be changed, and what is missing; null if the caller does not need it.</param>
    /// <exception cref="TemplateException">The template refuses the conversation with and without repairs, or rendering fails.</exception>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public PromptText Render(Conversation conversation, CpuBudget cpu, RenderNotes? notes = null) =>
        ContinuedMessage.Of(conversation) is { } continued
            ? continued.Render(For(conversation), cpu, notes)
            : For(conversation).Render(conversation, cpu, notes);

    /// <summary>Whether a variable of the request has an effect on the rendering of the conversation.</summary>
    public bool Uses(string variable, Conversation conversation) => TemplateVariables.IsSettable(variable) && For(conversation).Names.Contains(variable);

    /// <summary>Whether the template can turn reasoning on or off.</summary>
    public bool HasThinkingSwitch(Conversation conversation)
    {
        IReadOnlySet<string> names = For(conversation).Names;
        return names.Contains(EnableThinking) || (names.Contains(Thinking) && (!SetsThinking.IsMatch(Source) || ChecksThinking.IsMatch(Source)));
    }

    // Some templates have a variable of their own with this name.
    [GeneratedRegex(@"\bset\s+thinking\s*=", RegexOptions.CultureInvariant)]
    private static partial Regex SetsThinking { get; }

    [GeneratedRegex(@"\bthinking\s+is\s+(not\s+)?defined\b", RegexOptions.CultureInvariant)]
    private static partial Regex ChecksThinking { get; }

    private RepairingTemplate For(Conversation conversation) => conversation.Tools is { Count: > 0 } && _withTools is not null ? _withTools : _default;
}

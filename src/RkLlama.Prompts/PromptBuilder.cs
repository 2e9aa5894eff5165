using System.Text;
using RkLlama.Prompts.Conversations;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Loading;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts;

/// <summary>
/// Converts conversations to prompts in the format that the model was trained on. One instance per loaded model; many requests may use it at
/// the same time.
/// </summary>
public sealed partial class PromptBuilder
{
    // A rough average of common tokenizers for plain text. Used only to estimate the number of tokens.
    private const int BytesPerToken = 4;

    // An upper bound of the length of a token, in UTF-16 units, if there is no tokenizer. The longest tokens of known vocabularies are runs of 128 spaces.
    private const int LongestKnownToken = 256;

    // The number of tokens for which memory is reserved before the text is encoded.
    private const int MaxReservedTokens = 32 * 1024;

    private static readonly PromptNote _incompletePrompt = new(
        PromptComponent.Template, "The chat template leaves out messages of a conversation, and no change of the conversation prevents this.", IsWarning: true);

    private readonly PromptSettings _settings;
    private readonly ChatTemplate _template;
    private readonly Tokenizer? _tokenizer;
    private readonly ControlTokenGuard _controlTokenGuard;
    private readonly PromptLength _length;
    private readonly FillInTheMiddle? _fillInTheMiddle;
    private bool _reportsIncompletePrompts;

    internal PromptBuilder(
        PromptSettings settings, ChatTemplate template, bool hasTemplate, Tokenizer? tokenizer, IEnumerable<string> controlTokens, IReadOnlyList<PromptNote> notes)
    {
        HasTemplate = hasTemplate;
        _settings = settings;
        _template = template;
        _tokenizer = tokenizer;
        _controlTokenGuard = new ControlTokenGuard(controlTokens);
        _length = new PromptLength(tokenizer?.LongestToken ?? LongestKnownToken);
        _fillInTheMiddle = tokenizer is null ? null : FillInTheMiddle.ForVocabulary(tokenizer.AddedTokens.Select(token => token.Content).ToHashSet(StringComparer.Ordinal).Contains);
        Notes = notes;
    }

    /// <summary>Notes for the log: where the template and the tokenizer come from, and what is missing.</summary>
    public IReadOnlyList<PromptNote> Notes { get; }

    /// <summary>
    /// How prompts are sent to the model. If the settings have <see cref="PromptMode.Tokens"/> but no tokenizer is available, the value is
    /// <see cref="PromptMode.Text"/>.
    /// </summary>
    public PromptMode Mode => _settings.Mode == PromptMode.Tokens && _tokenizer is null ? PromptMode.Text : _settings.Mode;

    /// <summary>The model's own tokenizer; null if there is none.</summary>
    public Tokenizer? Tokenizer => _tokenizer;

    /// <summary>The tokens that end an answer of the model.</summary>
    public EndTokens EndTokens { get; internal init; } = EndTokens.None;

    /// <summary>The Jinja source of the chat template.</summary>
    public string TemplateSource => _template.Source;

    /// <summary>
    /// An estimate of the memory that the tokenizer and the chat template need, in bytes. The objects of a tokenizer need about as much memory as its file.
    /// </summary>
    public long MemoryBytes => (_tokenizer?.FileSize ?? 0) + (sizeof(char) * (long)TemplateSource.Length);

    /// <summary>
    /// Whether the chat template comes from the model's files or its Modelfile. If false, it is a built-in template, which was chosen by the model's name.
    /// </summary>
    public bool HasTemplate { get; }

    /// <summary>
    /// The text that shows how the model writes tool calls: the Jinja source of the chat template for requests with tools, which is usually equal to
    /// <see cref="TemplateSource"/>. With <see cref="PromptSettings.UsesGenericTools"/>, the description of tools that this project writes.
    /// </summary>
    public string ToolTemplateSource => UsesGenericTools ? GenericTools.Source : _template.ToolSource;

    private bool UsesGenericTools => _settings.UsesGenericTools && Mode != PromptMode.Runtime;

    /// <summary>Whether the vocabulary has the control tokens that fill-in-the-middle needs.</summary>
    public bool SupportsFillInTheMiddle => _fillInTheMiddle is not null;

    /// <summary>The texts of the control tokens that end an answer to a prompt of <see cref="BuildFillInTheMiddle"/>. Empty if the model cannot do this.</summary>
    public IReadOnlyList<string> FillInTheMiddleEnds => _fillInTheMiddle?.Ends ?? [];

    /// <summary>Finds and loads the template and the tokenizer of a model. Takes a fraction of a second. Reads local files only.</summary>
    /// <param name="time">The clock for the template function <c>strftime_now</c>.</param>
    /// <param name="newBudget">Creates the budget for the test renderings of a template; null for no limit of processor time.</param>
    /// <exception cref="PromptException">The template in <see cref="PromptSettings.Template"/> is not valid or cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static PromptBuilder Load(
        PromptSettings settings, TimeProvider time, Func<CpuBudget>? newBudget = null, CancellationToken cancellationToken = default) =>
        new PromptLoader(settings, time, newBudget ?? (() => CpuBudget.Unlimited(cancellationToken)), cancellationToken).Load();

    /// <summary>
    /// Builds the prompt of a conversation. The prompt ends with the text that introduces the assistant's answer, or with the text of the last message if the
    /// answer continues it. In <see cref="PromptMode.Runtime"/>, the prompt is only the text of the last user message.
    /// </summary>
    /// <param name="limits">The limits of tokens and processor time; null for none.</param>
    /// <exception cref="PromptException">The chat template refuses or cannot render the conversation, the tokenizer cannot encode the prompt, or both
    /// together need too much processor time.</exception>
    /// <exception cref="PromptTooLongException">The prompt exceeds the limit of tokens.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    public Prompt Build(Conversation conversation, PromptLimits? limits = null)
    {
        limits ??= PromptLimits.None();
        _length.Check(conversation, limits.ContextLength);
        if (Mode == PromptMode.Runtime)
        {
            string last = conversation.Messages.LastOrDefault(message => message.Role == "user")?.Content
                ?? throw new PromptException("The runtime's own template needs a user message.");
            return ToTextPrompt(PromptText.Trusted(last)) with { Ignored = IgnoredBy(conversation) };
        }

        RenderNotes notes = new();
        PromptText text;
        Conversation complete;
        try
        {
            complete = Complete(conversation);
            text = _template.Render(complete, limits.Budget, notes);
        }
        catch (TemplateException ex)
        {
            throw new PromptException(
                ex.IsRefusal ? $"The model's chat template refuses the conversation: {ex.Message}" : $"The model's chat template cannot render the conversation: {ex.Message}.",
                ex);
        }

        ContinuedMessage? continued = ContinuedMessage.Of(complete);
        Prompt prompt = _tokenizer is null || Mode == PromptMode.Text
            ? ToTextPrompt(_settings.GuardsSpecialTokens ? _controlTokenGuard.Apply(text) : text)
            : Encode(_tokenizer, text, _settings.GuardsSpecialTokens, limits);
        return prompt with
        {
            ContinuedText = continued?.Text,
            ContinuesReasoning = continued?.IsReasoning == true,
            Repairs = notes.Repairs,
            Note = notes.IsIncomplete && !Interlocked.Exchange(ref _reportsIncompletePrompts, true) ? _incompletePrompt : null,
            Ignored = IgnoredBy(conversation),
        };
    }

    /// <summary>
    /// Builds a prompt from text that is already formatted. No template is applied, and control tokens in the text take effect.
    /// </summary>
    /// <param name="limits">The limits of tokens and processor time; null for none.</param>
    /// <exception cref="PromptException">The tokenizer cannot encode the text, or needs too much processor time.</exception>
    /// <exception cref="PromptTooLongException">The prompt exceeds the limit of tokens.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    public Prompt BuildRaw(string text, PromptLimits? limits = null)
    {
        limits ??= PromptLimits.None();
        _length.Check(text, limits.ContextLength);
        return _tokenizer is null || Mode != PromptMode.Tokens
            ? ToTextPrompt(PromptText.Trusted(text))
            : Encode(_tokenizer, PromptText.Trusted(text), guard: false, limits);
    }

    /// <summary>
    /// Builds a prompt for which the model generates the text of a gap, in the form of the model's family. No template is applied. If
    /// <see cref="PromptSettings.GuardsSpecialTokens"/> is set, control tokens in both texts have no effect.
    /// </summary>
    /// <param name="before">The text before the gap. May be empty.</param>
    /// <param name="after">The text after the gap. May be empty.</param>
    /// <param name="limits">The limits of tokens and processor time; null for none.</param>
    /// <exception cref="PromptException">
    /// The vocabulary has no control tokens for this, or the tokenizer cannot encode the texts or needs too much processor time.
    /// </exception>
    /// <exception cref="PromptTooLongException">The prompt exceeds the limit of tokens.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    public Prompt BuildFillInTheMiddle(string before, string after, PromptLimits? limits = null)
    {
        if (_fillInTheMiddle is null || _tokenizer is null)
            throw new PromptException("The model's vocabulary has no tokens for fill-in-the-middle.");
        limits ??= PromptLimits.None();
        PromptText text = _fillInTheMiddle.Render(before, after);
        _length.Check(text.Text, limits.ContextLength);
        return Encode(_tokenizer, text, _settings.GuardsSpecialTokens, limits);
    }

    /// <summary>Builds a prompt from token ids of a client, which stay as they are. No template is applied.</summary>
    /// <param name="limits">The limits of tokens and processor time; null for none.</param>
    /// <exception cref="PromptException">A token id is negative, or is not in the vocabulary of the tokenizer, if there is one.</exception>
    /// <exception cref="PromptTooLongException">The prompt exceeds the limit of tokens.</exception>
    public Prompt BuildTokens(IReadOnlyList<int> tokens, PromptLimits? limits = null)
    {
        limits ??= PromptLimits.None();
        if (tokens.Count > limits.MaxTokens)
            throw new PromptTooLongException(tokens.Count);
        int end = _tokenizer?.VocabularySize ?? int.MaxValue;
        foreach (int id in tokens)
        {
            if (id < 0 || id >= end)
                throw new PromptException($"The token id {id} is not in the model's vocabulary.");
        }

        return new(PromptText.Trusted(_tokenizer?.Decode([.. tokens], skipSpecial: false) ?? ""), tokens, tokens.Count);
    }

    private static Prompt Encode(Tokenizer tokenizer, PromptText text, bool guard, PromptLimits limits)
    {
        List<int> tokens = new(Math.Min(text.Text.Length / 3 + 16, MaxReservedTokens));
        return Encode(tokenizer, text, guard, limits, tokens)
            ? new(text, [.. tokens], tokens.Count)
            : throw new PromptTooLongException(tokens.Count);
    }

    /// <returns>False if the text has more tokens than the limit. Then <paramref name="tokens"/> has the first ones, more than the limit.</returns>
    private static bool Encode(Tokenizer tokenizer, PromptText text, bool guard, PromptLimits limits, List<int> tokens)
    {
        try
        {
            return tokenizer.Encode(text, guard, tokens, limits);
        }
        catch (TokenizerException ex)
        {
            throw new PromptException($"The prompt cannot be tokenised: {ex.Message}", ex);
        }
    }

    private static Prompt ToTextPrompt(PromptText text) => new(text, null, Math.Max(1, Encoding.UTF8.GetByteCount(text.Text) / BytesPerToken));

    /// <summary>
    /// Adds what the settings contribute: the messages of the model, its system prompt if the conversation has no system message, the description of the tools if the template has none,
    /// and <see cref="Conversation.EnableThinking"/> if neither the request nor its variables set it.
    /// </summary>
    /// <remarks>Also removes an empty assistant message at the end, because the answer takes its place.</remarks>
    private Conversation Complete(Conversation conversation)
    {
        List<ChatMessage> messages = [.. conversation.Messages];
        if (conversation.ContinuesLastMessage && messages is [_, .., { Role: "assistant", HasToolCalls: false, Content: null or "", Reasoning: null or "" }])
            messages.RemoveAt(messages.Count - 1);
        _settings.AddMessages(messages);
        bool isThinkingSet = conversation.EnableThinking is not null || conversation.TemplateVariables?.ContainsKey("enable_thinking") == true;
        Conversation complete = conversation with
        {
            Messages = messages,
            EnableThinking = isThinkingSet ? conversation.EnableThinking : _settings.EnableThinking,
        };
        return UsesGenericTools ? GenericTools.Describe(complete) : complete;
    }

    private IgnoredInput IgnoredBy(Conversation conversation)
    {
        bool isRuntime = Mode == PromptMode.Runtime;
        IEnumerable<string> variables = conversation.TemplateVariables?.Keys ?? [];
        return new(
            [.. variables.Where(name => isRuntime || !_template.Uses(name, conversation))],
            conversation.EnableThinking is { } thinking && (isRuntime || !CanSetThinking(thinking, conversation)),
            isRuntime && ContinuedMessage.Of(conversation) is not null);
    }

    /// <summary>
    /// Whether the model follows the request to turn reasoning on or off. Without a switch in the template, a model whose template mentions reasoning always
    /// reasons, and a model whose own template does not mention it never does.
    /// </summary>
    private bool CanSetThinking(bool thinking, Conversation conversation)
    {
        bool mentionsThinking = _template.Source.Contains("think", StringComparison.OrdinalIgnoreCase);
        return _template.HasThinkingSwitch(conversation) || (thinking ? mentionsThinking : HasTemplate && !mentionsThinking);
    }
}

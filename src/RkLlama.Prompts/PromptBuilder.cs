using System.Text;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts;

/// <summary>
/// Converts conversations to prompts in the format that the model was trained on. One instance per loaded model; many requests may use it at
/// the same time.
/// </summary>
public sealed class PromptBuilder
{
    // A rough average of common tokenizers for plain text. Used only to estimate the number of tokens.
    private const int BytesPerToken = 4;

    // An upper bound of the length of a token, in UTF-16 units, if there is no tokenizer. The longest tokens of known vocabularies are runs of 128 spaces.
    private const int LongestKnownToken = 256;

    // The number of tokens for which memory is reserved before the text is encoded.
    private const int MaxReservedTokens = 32 * 1024;

    private readonly PromptSettings _settings;
    private readonly ChatTemplate _template;
    private readonly Tokenizer? _tokenizer;
    private readonly ControlTokenGuard _controlTokenGuard;
    private readonly PromptLength _length;

    internal PromptBuilder(
        PromptSettings settings, ChatTemplate template, bool hasTemplate, Tokenizer? tokenizer, IEnumerable<string> controlTokens, IReadOnlyList<PromptNote> notes)
    {
        HasTemplate = hasTemplate;
        _settings = settings;
        _template = template;
        _tokenizer = tokenizer;
        _controlTokenGuard = new ControlTokenGuard(controlTokens);
        _length = new PromptLength(tokenizer?.LongestToken ?? LongestKnownToken);
        Notes = notes;
    }

    /// <summary>Notes for the log: where the template and the tokenizer come from, and what is missing.</summary>
    public IReadOnlyList<PromptNote> Notes { get; }

    /// <summary>
    /// How prompts are sent to the model. If the settings have <see cref="PromptMode.Tokens"/> but no tokenizer is available, the value is
    /// <see cref="PromptMode.Text"/>.
    /// </summary>
    public PromptMode Mode => _settings.Mode == PromptMode.Tokens && _tokenizer is null ? PromptMode.Text : _settings.Mode;

    /// <summary>The Jinja source of the chat template.</summary>
    public string TemplateSource => _template.Source;

    /// <summary>
    /// Whether the chat template comes from the model's files or its Modelfile. If false, it is a built-in template, which was chosen by the model's name.
    /// </summary>
    public bool HasTemplate { get; }

    /// <summary>The Jinja source of the chat template for requests with tools. Usually equal to <see cref="TemplateSource"/>.</summary>
    public string ToolTemplateSource => _template.ToolSource;

    /// <summary>Finds and loads the template and the tokenizer of a model. Takes a fraction of a second. Reads local files only.</summary>
    /// <param name="time">The clock for the template function <c>strftime_now</c>.</param>
    /// <param name="newBudget">Creates the budget for the test renderings of a template; null for no limit of processor time.</param>
    /// <exception cref="PromptException">The template in <see cref="PromptSettings.Template"/> is not valid or cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static PromptBuilder Load(
        PromptSettings settings, TimeProvider time, Func<CpuBudget>? newBudget = null, CancellationToken cancellationToken = default) =>
        new PromptLoader(settings, time, newBudget ?? (() => CpuBudget.Unlimited(cancellationToken)), cancellationToken).Load();

    /// <summary>
    /// Builds the prompt of a conversation. The prompt ends with the text that introduces the assistant's answer. In <see cref="PromptMode.Runtime"/>, the
    /// prompt is only the text of the last user message.
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
            return ToTextPrompt(PromptText.Trusted(conversation.Messages.LastOrDefault(message => message.Role == "user")?.Content
                ?? throw new PromptException("The runtime's own template needs a user message.")));

        PromptText text;
        try
        {
            text = _template.Render(Normalize(conversation), limits.Budget);
        }
        catch (TemplateException ex)
        {
            throw new PromptException(
                ex.IsRefusal ? $"The model's chat template refuses the conversation: {ex.Message}" : $"The model's chat template cannot render the conversation: {ex.Message}.",
                ex);
        }

        if (_tokenizer is null || Mode == PromptMode.Text)
            return ToTextPrompt(_settings.GuardsSpecialTokens ? _controlTokenGuard.Apply(text) : text);
        return Encode(_tokenizer, text, _settings.GuardsSpecialTokens, limits);
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
    /// Builds a prompt from plain text of a client, for embeddings. No template is applied. If <see cref="PromptSettings.GuardsSpecialTokens"/> is set,
    /// control tokens in the text have no effect.
    /// </summary>
    /// <param name="limits">The limits of tokens and processor time; null for none.</param>
    /// <param name="truncates">
    /// If true, a text that is longer than the context is cut to its first tokens. If false, such a text is an error.
    /// Ignored if the runtime tokenizes the text itself.
    /// </param>
    /// <exception cref="PromptException">The tokenizer cannot encode the text, or needs too much processor time.</exception>
    /// <exception cref="PromptTooLongException">The text exceeds the limit of tokens.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    public Prompt BuildText(string text, PromptLimits? limits = null, bool truncates = false)
    {
        limits ??= PromptLimits.None();
        if (truncates && Mode == PromptMode.Tokens)
            return Truncate(text, limits);

        _length.Check(text, limits.ContextLength);
        PromptText request = new(text, [new(0, text.Length)]);
        return _tokenizer is null || Mode != PromptMode.Tokens
            ? ToTextPrompt(_settings.GuardsSpecialTokens ? _controlTokenGuard.Apply(request) : request)
            : Encode(_tokenizer, request, _settings.GuardsSpecialTokens, limits);
    }

    /// <summary>Encodes the start of a text, at most one context of tokens.</summary>
    private Prompt Truncate(string text, PromptLimits limits)
    {
        // Text after this length cannot belong to the first tokens.
        int length = (int)Math.Min(text.Length, _length.MaxLength(limits.ContextLength));
        PromptText start = new(text[..length], [new(0, length)]);
        List<int> tokens = [];
        Encode(_tokenizer!, start, _settings.GuardsSpecialTokens, limits with { MaxTokens = limits.ContextLength }, tokens);
        int[] first = [.. tokens.Take(limits.ContextLength)];
        return new(start, first, first.Length);
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
    /// If the conversation has no system message, adds the system prompt of the settings. If the template does not support system messages, merges all system
    /// messages into the first user message. Also sets <see cref="Conversation.EnableThinking"/> from the settings if it is null.
    /// </summary>
    private Conversation Normalize(Conversation conversation)
    {
        List<ChatMessage> messages = [.. conversation.Messages];
        if (!string.IsNullOrEmpty(_settings.SystemPrompt) && !messages.Exists(message => message.Role == "system"))
            messages.Insert(0, new("system", _settings.SystemPrompt));
        if (!_template.SupportsSystemRole && messages.Exists(message => message.Role == "system"))
            messages = MergeSystemIntoUserMessage(messages);
        return conversation with { Messages = messages, EnableThinking = conversation.EnableThinking ?? _settings.EnableThinking };
    }

    private static List<ChatMessage> MergeSystemIntoUserMessage(List<ChatMessage> messages)
    {
        string system = string.Join("\n\n", messages.Where(message => message.Role == "system").Select(message => message.Content));
        messages = messages.FindAll(message => message.Role != "system");
        int user = messages.FindIndex(message => message.Role == "user");
        if (user < 0)
            messages.Insert(0, new("user", system));
        else
            messages[user] = messages[user] with { Content = $"{system}\n\n{messages[user].Content}" };
        return messages;
    }
}

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

    private readonly PromptSettings _settings;
    private readonly ChatTemplate _template;
    private readonly Tokenizer? _tokenizer;
    private readonly ControlTokenGuard _controlTokenGuard;

    internal PromptBuilder(
        PromptSettings settings, ChatTemplate template, bool hasTemplate, Tokenizer? tokenizer, IEnumerable<string> controlTokens, IReadOnlyList<PromptNote> notes)
    {
        HasTemplate = hasTemplate;
        _settings = settings;
        _template = template;
        _tokenizer = tokenizer;
        _controlTokenGuard = new ControlTokenGuard(controlTokens);
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
    /// <exception cref="PromptException">The template in <see cref="PromptSettings.Template"/> is not valid or cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static PromptBuilder Load(PromptSettings settings, TimeProvider time, CancellationToken cancellationToken = default) =>
        new PromptLoader(settings, time, cancellationToken).Load();

    /// <summary>
    /// Builds the prompt of a conversation. The prompt ends with the text that introduces the assistant's answer. In <see cref="PromptMode.Runtime"/>, the
    /// prompt is only the text of the last user message.
    /// </summary>
    /// <exception cref="PromptException">The chat template refuses or cannot render the conversation, or the tokenizer cannot encode the
    /// prompt.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    public Prompt Build(Conversation conversation, CancellationToken cancellationToken = default)
    {
        if (Mode == PromptMode.Runtime)
            return ToTextPrompt(PromptText.Trusted(conversation.Messages.LastOrDefault(message => message.Role == "user")?.Content
                ?? throw new PromptException("The runtime's own template needs a user message.")));

        PromptText text;
        try
        {
            text = _template.Render(Normalize(conversation), cancellationToken);
        }
        catch (TemplateException ex)
        {
            throw new PromptException(
                ex.IsRefusal ? $"The model's chat template refuses the conversation: {ex.Message}" : $"The model's chat template cannot render the conversation: {ex.Message}.",
                ex);
        }

        if (_tokenizer is null || Mode == PromptMode.Text)
            return ToTextPrompt(_settings.GuardsSpecialTokens ? _controlTokenGuard.Apply(text) : text);
        return Encode(_tokenizer, text, _settings.GuardsSpecialTokens);
    }

    /// <summary>
    /// Builds a prompt from text that is already formatted. No template is applied, and control tokens in the text take effect.
    /// </summary>
    /// <exception cref="PromptException">The tokenizer cannot encode the text.</exception>
    public Prompt BuildRaw(string text) => _tokenizer is null || Mode != PromptMode.Tokens
        ? ToTextPrompt(PromptText.Trusted(text))
        : Encode(_tokenizer, PromptText.Trusted(text), guard: false);

    /// <summary>
    /// Builds a prompt from plain text of a client, for embeddings. No template is applied. If <see cref="PromptSettings.GuardsSpecialTokens"/> is set,
    /// control tokens in the text have no effect.
    /// </summary>
    /// <exception cref="PromptException">The tokenizer cannot encode the text.</exception>
    public Prompt BuildText(string text)
    {
        PromptText request = new(text, [new(0, text.Length)]);
        return _tokenizer is null || Mode != PromptMode.Tokens
            ? ToTextPrompt(_settings.GuardsSpecialTokens ? _controlTokenGuard.Apply(request) : request)
            : Encode(_tokenizer, request, _settings.GuardsSpecialTokens);
    }

    private static Prompt Encode(Tokenizer tokenizer, PromptText text, bool guard)
    {
        try
        {
            int[] tokens = tokenizer.Encode(text, guard);
            return new(text, tokens, tokens.Length);
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

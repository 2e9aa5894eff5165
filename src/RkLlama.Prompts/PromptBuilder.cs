using System.Text;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts;

/// <summary>Turns a conversation into the prompt a model was trained on. One per loaded model, used by any number of requests at once.</summary>
public sealed class PromptBuilder
{
    // Roughly what tokenizers make of ordinary text.
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

    /// <summary>Where template and tokenizer came from, and what was missing.</summary>
    public IReadOnlyList<PromptNote> Notes { get; }

    /// <summary>How prompts reach the model; differs from what was asked where a file is missing.</summary>
    public PromptMode Mode => _settings.Mode == PromptMode.Tokens && _tokenizer is null ? PromptMode.Text : _settings.Mode;

    /// <summary>The chat template, as Jinja.</summary>
    public string TemplateSource => _template.Source;

    /// <summary>Whether the chat template came with the model or its Modelfile; elsePart it was chosen by the model's name.</summary>
    public bool HasTemplate { get; }

    /// <summary>The chat template of requests that bring tools, as Jinja; often the same.</summary>
    public string ToolTemplateSource => _template.ToolSource;

    /// <summary>Finds and loads the files of a model. Takes a fraction of a second; never the network.</summary>
    /// <exception cref="PromptException">The settings themselves name a template that is not valid.</exception>
    public static PromptBuilder Load(PromptSettings settings, TimeProvider time) => new PromptLoader(settings, time).Load();

    /// <summary>Makes the prompt, with the header of the answer at its end.</summary>
    /// <exception cref="PromptException">The conversation does not suit the model.</exception>
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

    /// <summary>Makes a prompt of text that is one already: no template, and its control tokens are meant.</summary>
    /// <exception cref="PromptException">It cannot be tokenised.</exception>
    public Prompt BuildRaw(string text) => _tokenizer is null || Mode != PromptMode.Tokens
        ? ToTextPrompt(PromptText.Trusted(text))
        : Encode(_tokenizer, PromptText.Trusted(text), guard: false);

    /// <summary>Makes a prompt of a client's text and nothing else, for embeddings: control tokens that it writes stay text.</summary>
    /// <exception cref="PromptException">It cannot be tokenised.</exception>
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

    /// <summary>The system message of the request, else of the model; as part of the first user turn where the template has no place for it.</summary>
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

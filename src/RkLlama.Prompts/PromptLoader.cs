using System.Text.Json;
using RkLlama.Prompts.Files;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts;

/// <summary>Chooses the chat template and the tokenizer of a model. Records each choice as a <see cref="PromptNote"/>. Used for one load only.</summary>
internal sealed class PromptLoader(PromptSettings settings, TimeProvider time, Func<CpuBudget> newBudget, CancellationToken cancellationToken)
{
    private readonly PromptFileLocator _files = new(settings.Directory, settings.HuggingFacePath, settings.HuggingFaceCache, cancellationToken);
    private readonly BuiltInTemplate? _family = BuiltInTemplate.ForModel(settings.ModelName)
        ?? (settings.FileName is { } file ? BuiltInTemplate.ForModel(file) : null);

    private readonly List<PromptNote> _notes = [];
    private bool _usesBuiltInTemplate;

    public PromptBuilder Load()
    {
        Tokenizer? tokenizer = settings.Mode == PromptMode.Tokens ? LoadTokenizer() : null;
        bool isOtherFamily = tokenizer is not null && _family?.MarkerToken is { } marker && tokenizer.TokenId(marker) is null;
        if (isOtherFamily)
        {
            // The tokenizer belongs to another model, so its ids are wrong for this model. The template in the same directory is then wrong, too.
            Warn(PromptComponent.Tokenizer, $"The tokenizer does not contain {_family!.MarkerToken}, so it does not belong to {settings.ModelName}: "
                + $"prompts are sent as text with the built-in template {_family.Name}. Put the model's own tokenizer.json into its directory.");
            tokenizer = null;
        }

        ChatTemplate template = LoadTemplate(useFiles: !isOtherFamily);
        return new PromptBuilder(settings, template, !_usesBuiltInTemplate, tokenizer, tokenizer?.AddedTokens.Select(token => token.Content) ?? [], _notes);
    }

    private Tokenizer? LoadTokenizer()
    {
        string? file = _files.FindTokenizerFile();
        if (file is null)
        {
            Warn(PromptComponent.Tokenizer, "No tokenizer.json found: prompts are sent as text, and prompt_tokens is an estimate.");
            return null;
        }
        try
        {
            Tokenizer tokenizer = Tokenizer.LoadFile(file, cancellationToken);
            _notes.Add(new(PromptComponent.Tokenizer, $"Tokenizer: {file} ({tokenizer.VocabularySize} tokens)", IsWarning: false));
            return tokenizer;
        }
        catch (Exception ex) when (ex is TokenizerException or IOException or UnauthorizedAccessException)
        {
            Warn(PromptComponent.Tokenizer, $"The tokenizer {file} cannot be used, so prompts are sent as text: {ex.Message}");
            return null;
        }
    }

    private ChatTemplate LoadTemplate(bool useFiles)
    {
        if (settings.Template is { } given)
            return LoadConfiguredTemplate(given);
        if (useFiles && LoadTemplateFromFiles() is { } found)
            return found;
        BuiltInTemplate template = _family ?? BuiltInTemplate.ChatMl;
        _usesBuiltInTemplate = true;
        if (_family is null)
            Warn(PromptComponent.Template, $"No chat template found, and the name {settings.ModelName} contains no known family: using the built-in template chatml. TEMPLATE in the Modelfile can name one of {BuiltInTemplate.Names}.");
        else
            _notes.Add(new(PromptComponent.Template, $"Chat template: built-in {template.Name}", IsWarning: false));
        return FromBuiltIn(template);
    }

    /// <summary>Loads the template that the Modelfile specifies. The operator chose it, so if it is not valid, the load fails.</summary>
    private ChatTemplate LoadConfiguredTemplate(string given)
    {
        if (BuiltInTemplate.Find(given) is { } named)
            return FromBuiltIn(named);
        try
        {
            bool isFile = given.EndsWith(".jinja", StringComparison.Ordinal) && settings.Directory is not null && Path.GetFileName(given) == given;
            string source = isFile ? RegularFile.ReadAllText(Path.Combine(settings.Directory!, given), FileLimits.Template, cancellationToken) : given;
            return new ChatTemplate(source, null, LoadSpecialTokens(), time, newBudget());
        }
        catch (Exception ex) when (ex is TemplateException or IOException or UnauthorizedAccessException)
        {
            throw new PromptException($"TEMPLATE in the Modelfile cannot be used ({ex.Message}). It must be Jinja source, a .jinja file in the model's directory, or one of {BuiltInTemplate.Names}.", ex);
        }
    }

    private ChatTemplate? LoadTemplateFromFiles()
    {
        try
        {
            if (_files.FindTemplate() is not var (file, source, toolSource))
                return null;
            ChatTemplate template = new(source, toolSource, LoadSpecialTokens(), time, newBudget());
            _notes.Add(new(PromptComponent.Template, $"Chat template: {file}", IsWarning: false));
            return template;
        }
        catch (Exception ex) when (ex is TemplateException or JsonException or IOException or UnauthorizedAccessException)
        {
            Warn(PromptComponent.Template, $"The model's chat template cannot be used: {ex.Message}");
            return null;
        }
    }

    private SpecialTokens LoadSpecialTokens()
    {
        try
        {
            return _files.FindSpecialTokens() ?? SpecialTokens.FromTemplate(_family ?? BuiltInTemplate.ChatMl);
        }
        catch (Exception ex) when (ex is JsonException or IOException or UnauthorizedAccessException)
        {
            return SpecialTokens.FromTemplate(_family ?? BuiltInTemplate.ChatMl);
        }
    }

    private void Warn(PromptComponent part, string text) => _notes.Add(new(part, text, IsWarning: true));

    private ChatTemplate FromBuiltIn(BuiltInTemplate template) => new(template.Source, null, SpecialTokens.FromTemplate(template), time, newBudget());
}

using System.Text.Json;
using RkLlama.Prompts.Files;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Loading;

/// <summary>Chooses the chat template and the tokenizer of a model. Records each choice as a <see cref="PromptNote"/>. Used for one load only.</summary>
internal sealed class PromptLoader(PromptSettings settings, TimeProvider time, Func<CpuBudget> newBudget, CancellationToken cancellationToken)
{
    private readonly PromptFileLocator _files = new(
        settings.Directory, settings.HuggingFacePath, settings.HuggingFaceCache, settings.Tokenizer, cancellationToken);

    // The family in the name of the model or of its file. It is a guess, so it never overrides the model's own files.
    private readonly BuiltInTemplate? _family = BuiltInTemplate.ForModel(settings.ModelName)
        ?? (settings.FileName is { } file ? BuiltInTemplate.ForModel(file) : null);

    private readonly List<PromptNote> _notes = [];
    private Tokenizer? _tokenizer;
    private bool _usesBuiltInTemplate;

    public PromptBuilder Load()
    {
        _tokenizer = settings.Mode == PromptMode.Tokens ? LoadTokenizer() : null;
        ChatTemplate template = LoadTemplate();
        _notes.AddRange(_files.Problems);
        EndTokenReader ends = new(_files.Directories, _tokenizer, cancellationToken);
        EndTokens endTokens = ends.Read(template, newBudget());
        foreach (string warning in ends.Warnings)
            Warn(PromptComponent.Tokenizer, warning);
        return new PromptBuilder(settings, template, !_usesBuiltInTemplate, _tokenizer, _tokenizer?.AddedTokens.Select(token => token.Content) ?? [], _notes)
        {
            EndTokens = endTokens,
        };
    }

    private Tokenizer? LoadTokenizer()
    {
        IReadOnlyList<string> files = _files.FindTokenizerFiles();
        if (files.Count == 0)
            WarnOfMissingTokenizer();
        foreach (string file in files)
        {
            try
            {
                Tokenizer tokenizer = Tokenizer.LoadFile(file, cancellationToken);
                if (_files.IsInRepository(file) && IsOtherModel(tokenizer))
                    return null;
                _notes.Add(new(PromptComponent.Tokenizer, $"Tokenizer: {file} ({tokenizer.VocabularySize} tokens)", IsWarning: false));
                return tokenizer;
            }
            catch (Exception ex) when (ex is TokenizerException or IOException or UnauthorizedAccessException)
            {
                Warn(PromptComponent.Tokenizer, file == files[^1]
                    ? $"The tokenizer {file} cannot be used, so prompts are sent as text: {ex.Message}"
                    : $"The tokenizer {file} cannot be used: {ex.Message}");
            }
        }

        return null;
    }

    private void WarnOfMissingTokenizer()
    {
        string? command = settings.HuggingFacePath is null ? null : $"rkllama pull {settings.ModelName}";
        string advice = command is null ? $"'rkllama pull OWNER/REPOSITORY {settings.ModelName}' downloads it from the model that this one was made from" : $"'{command}' downloads it";
        _notes.Add(new(PromptComponent.Tokenizer, $"No tokenizer.json found: prompts are sent as text, and prompt_tokens is an estimate. {advice}.", IsWarning: true) { Command = command });
    }

    /// <summary>
    /// Whether the Hugging Face repository in the Modelfile belongs to another model: its name names another family than that of the model, and its tokenizer
    /// does not contain the marker token of the model's family. Then all its files are wrong, and none of them is used.
    /// </summary>
    private bool IsOtherModel(Tokenizer tokenizer)
    {
        if (_family?.MarkerToken is not { } marker || tokenizer.TokenId(marker) is not null
            || BuiltInTemplate.ForModel(settings.HuggingFacePath!) is not { } other || other == _family)
        {
            return false;
        }

        Warn(PromptComponent.Tokenizer, $"The tokenizer of {settings.HuggingFacePath} does not contain {marker}, so it does not belong to {settings.ModelName}: "
            + "prompts are sent as text, and no file of this repository is used. Put the model's own tokenizer.json into its directory.");
        _files.ExcludeRepository();
        return true;
    }

    private ChatTemplate LoadTemplate()
    {
        if (settings.Template is { } given)
            return LoadConfiguredTemplate(given);
        if (LoadTemplateFromFiles() is { } found)
            return found;
        _usesBuiltInTemplate = true;
        return FromBuiltIn(ChooseBuiltIn());
    }

    /// <summary>Chooses a built-in template by the model's name. A tokenizer without the control token of a family rules this family out.</summary>
    private BuiltInTemplate ChooseBuiltIn()
    {
        if (_family is { } family && (_tokenizer is null || family.MarkerToken is null || IsKnown(family.MarkerToken)))
        {
            _notes.Add(new(PromptComponent.Template, $"Chat template: built-in {family.Name}", IsWarning: false));
            return family;
        }

        if (_tokenizer is not null && BuiltInTemplate.ForVocabulary(IsKnown) is { } fitting)
        {
            _notes.Add(new(PromptComponent.Template, $"Chat template: built-in {fitting.Name}, because the tokenizer contains {fitting.MarkerToken}", IsWarning: false));
            return fitting;
        }

        string reason = _family is null
            ? $"the name {settings.ModelName} contains no known family"
            : $"the tokenizer does not contain {_family.MarkerToken} of the family {_family.Name}";
        Warn(PromptComponent.Template, $"No chat template found, and {reason}: using the built-in template chatml. TEMPLATE in the Modelfile can name one of {BuiltInTemplate.Names}.");
        return BuiltInTemplate.ChatMl;
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
            throw new PromptException($"TEMPLATE in the Modelfile cannot be used ({ex.Message.TrimEnd('.')}). It must be Jinja source, a .jinja file in the model's directory, or one of {BuiltInTemplate.Names}.", ex);
        }
    }

    /// <summary>Loads the first template of the model's files that is valid; null if there is none.</summary>
    private ChatTemplate? LoadTemplateFromFiles()
    {
        SpecialTokens? tokens = null;
        foreach (TemplateFile found in _files.FindTemplates())
        {
            try
            {
                ChatTemplate template = Compile(found, tokens ??= LoadSpecialTokens());
                _notes.Add(new(PromptComponent.Template, $"Chat template: {found.File}", IsWarning: false));
                return template;
            }
            catch (TemplateException ex)
            {
                Warn(PromptComponent.Template, $"The chat template in {found.File} cannot be used: {ex.Message}");
            }
        }

        return null;
    }

    /// <summary>Compiles both templates. Leaves out a separate template for requests with tools that is not valid.</summary>
    /// <exception cref="TemplateException">The template is not valid.</exception>
    private ChatTemplate Compile(TemplateFile found, SpecialTokens tokens)
    {
        try
        {
            return new(found.Source, found.ToolSource, tokens, time, newBudget());
        }
        catch (TemplateException ex) when (found.ToolSource is not null && found.ToolSource != found.Source)
        {
            ChatTemplate template = new(found.Source, null, tokens, time, newBudget());
            Warn(PromptComponent.Template, $"The model's chat template for requests with tools cannot be used: {ex.Message}");
            return template;
        }
    }

    /// <summary>Returns the special tokens of the model's files. Without such files, returns those of the family that the model's vocabulary contains.</summary>
    private SpecialTokens LoadSpecialTokens()
    {
        try
        {
            if (_files.FindSpecialTokens() is { } found)
                return found;
        }
        catch (Exception ex) when (ex is JsonException or IOException or UnauthorizedAccessException)
        {
            Warn(PromptComponent.Template, $"tokenizer_config.json cannot be used: {ex.Message}");
        }

        return SpecialTokens.FromTemplate(_family ?? BuiltInTemplate.ChatMl, _tokenizer is null ? null : IsKnown);
    }

    private bool IsKnown(string token) => _tokenizer!.TokenId(token) is not null;

    private void Warn(PromptComponent part, string text) => _notes.Add(new(part, text, IsWarning: true));

    private ChatTemplate FromBuiltIn(BuiltInTemplate template) => new(template.Source, null, SpecialTokens.FromTemplate(template), time, newBudget());
}

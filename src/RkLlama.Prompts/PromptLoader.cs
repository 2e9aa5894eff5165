using System.Text.Json;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts;

/// <summary>Chooses a model's chat template and tokenizer, and says what it chose. Used once per load.</summary>
internal sealed class PromptLoader(PromptSettings settings, TimeProvider time)
{
    private readonly PromptFiles _files = new(settings.Directory, settings.HuggingFacePath, settings.HuggingFaceCache);
    private readonly BuiltInTemplate? _family = BuiltInTemplate.OfModel(settings.ModelName)
        ?? (settings.FileName is { } file ? BuiltInTemplate.OfModel(file) : null);

    private readonly List<PromptNote> _notes = [];
    private bool _isOurs;

    public PromptBuilder Load()
    {
        Tokenizer? tokenizer = settings.Mode == PromptMode.Tokens ? LoadTokenizer() : null;
        bool isForeign = tokenizer is not null && _family?.Marker is { } marker && tokenizer.TokenId(marker) is null;
        if (isForeign)
        {
            // Its ids would be another model's words, and the template beside it is another model's too.
            Warn(PromptPart.Tokenizer, $"The tokenizer does not know {_family!.Marker}, so it does not belong to {settings.ModelName}: "
                + $"prompts go as text with the built-in template {_family.Name}. Put the model's own tokenizer.json into its directory.");
            tokenizer = null;
        }

        ChatTemplate template = LoadTemplate(useFiles: !isForeign);
        return new PromptBuilder(settings, template, !_isOurs, tokenizer, tokenizer?.AddedTokens.Select(token => token.Content) ?? [], _notes);
    }

    private Tokenizer? LoadTokenizer()
    {
        string? file = _files.FindTokenizer();
        if (file is null)
        {
            Warn(PromptPart.Tokenizer, "No tokenizer.json found: prompts go as text, and prompt_tokens is an estimate.");
            return null;
        }
        try
        {
            Tokenizer tokenizer = Tokenizer.LoadFile(file);
            _notes.Add(new(PromptPart.Tokenizer, $"Tokenizer: {file} ({tokenizer.VocabularySize} tokens)", IsWarning: false));
            return tokenizer;
        }
        catch (Exception ex) when (ex is TokenizerException or IOException or UnauthorizedAccessException)
        {
            Warn(PromptPart.Tokenizer, $"The tokenizer {file} cannot be used, so prompts go as text: {ex.Message}");
            return null;
        }
    }

    private ChatTemplate LoadTemplate(bool useFiles)
    {
        if (settings.Template is { } given)
            return GivenTemplate(given);
        if (useFiles && FileTemplate() is { } found)
            return found;
        BuiltInTemplate template = _family ?? BuiltInTemplate.ChatMl;
        _isOurs = true;
        if (_family is null)
            Warn(PromptPart.Template, $"No chat template found and {settings.ModelName} tells no family: using the built-in template chatml; TEMPLATE in the Modelfile may name one of {BuiltInTemplate.Names}.");
        else
            _notes.Add(new(PromptPart.Template, $"Chat template: built-in {template.Name}", IsWarning: false));
        return BuiltIn(template);
    }

    /// <summary>What the Modelfile says. It is the operator's word, so a mistake in it is an error.</summary>
    private ChatTemplate GivenTemplate(string given)
    {
        if (BuiltInTemplate.Find(given) is { } named)
            return BuiltIn(named);
        try
        {
            bool isFile = given.EndsWith(".jinja", StringComparison.Ordinal) && settings.Directory is not null && Path.GetFileName(given) == given;
            string source = isFile ? File.ReadAllText(Path.Combine(settings.Directory!, given)) : given;
            return new ChatTemplate(source, null, Tokens(), time);
        }
        catch (Exception ex) when (ex is TemplateException or IOException or UnauthorizedAccessException)
        {
            throw new PromptException($"TEMPLATE in the Modelfile cannot be used ({ex.Message}); it is Jinja, a .jinja file in the model's directory, or one of {BuiltInTemplate.Names}.", ex);
        }
    }

    private ChatTemplate? FileTemplate()
    {
        try
        {
            if (_files.FindTemplate() is not var (file, source, toolSource))
                return null;
            ChatTemplate template = new(source, toolSource, Tokens(), time);
            _notes.Add(new(PromptPart.Template, $"Chat template: {file}", IsWarning: false));
            return template;
        }
        catch (Exception ex) when (ex is TemplateException or JsonException or IOException or UnauthorizedAccessException)
        {
            Warn(PromptPart.Template, $"The model's chat template cannot be used: {ex.Message}");
            return null;
        }
    }

    private SpecialTokens Tokens()
    {
        try
        {
            return _files.FindSpecialTokens() ?? SpecialTokens.Of(_family ?? BuiltInTemplate.ChatMl);
        }
        catch (Exception ex) when (ex is JsonException or IOException or UnauthorizedAccessException)
        {
            return SpecialTokens.Of(_family ?? BuiltInTemplate.ChatMl);
        }
    }

    private void Warn(PromptPart part, string text) => _notes.Add(new(part, text, IsWarning: true));

    private ChatTemplate BuiltIn(BuiltInTemplate template) => new(template.Source, null, SpecialTokens.Of(template), time);
}

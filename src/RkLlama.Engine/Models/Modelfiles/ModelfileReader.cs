using System.Text.RegularExpressions;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>Reads a Modelfile from a file or a string. Never writes and never uses environment variables.</summary>
internal static partial class ModelfileReader
{
    /// <summary>Maximum size of a Modelfile in bytes.</summary>
    public const int MaxBytes = FileLimits.Modelfile;

    private const int MaxQuotedChars = 60;

    // A limit, because a file that is not a Modelfile can have thousands of unknown keys.
    private const int MaxWarnings = 20;

    /// <exception cref="ModelfileException">
    /// The file is not a regular file, is larger than <see cref="MaxBytes"/>, is not UTF-8, or has an invalid line or value.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission to read the file.</exception>
    public static Modelfile Read(string path)
    {
        byte[] content;
        try
        {
            content = RegularFile.ReadAllBytes(path, MaxBytes);
        }
        catch (FileRefusedException ex)
        {
            throw new ModelfileException(path, 1, 1, $"a Modelfile is a short text: {ex.Message.TrimEnd('.')}", ex);
        }

        return Parse(ModelfileSource.Decode(path, content));
    }

    /// <param name="file">The file name for messages.</param>
    /// <exception cref="ModelfileException">The text has an invalid line or value.</exception>
    public static Modelfile Parse(string text, string file = "Modelfile") => Parse(new ModelfileSource(file, text));

    /// <summary>Returns the known keys of a text with their values, which are not checked.</summary>
    /// <exception cref="ModelfileException">The text has an invalid line.</exception>
    internal static IEnumerable<(string Key, List<string> Values)> ReadValues(string text, List<string> warnings) =>
        ReadKnownEntries(new("Modelfile", text), warnings).Select(static pair => (pair.Key, pair.Value.ConvertAll(static entry => entry.Value!)));

    /// <summary>Finds the value that counts for a key. Returns its start and end in the text; null if the key has no value.</summary>
    /// <param name="text">A text without a byte order mark.</param>
    /// <exception cref="ModelfileException">The text has an invalid line.</exception>
    internal static (int Start, int End)? FindValue(string text, string key) =>
        ReadEntries(new("Modelfile", text), []).LastOrDefault(entry => entry.Key == key && entry.Value is not null) is { } entry ? (entry.ValueOffset, entry.End) : null;

    private static Modelfile Parse(ModelfileSource source)
    {
        List<string> warnings = [];
        Dictionary<string, List<ModelfileEntry>> known = ReadKnownEntries(source, warnings);
        Modelfile modelfile = Modelfile.Empty;
        foreach (ModelfileKey key in ModelfileKeys.All)
        {
            List<ModelfileEntry> entries = known.GetValueOrDefault(key.Name) ?? [];
            if (key.Add(modelfile, entries.ConvertAll(static entry => entry.Value!)) is { } changed)
            {
                modelfile = changed;
                continue;
            }

            foreach (ModelfileEntry entry in entries)
            {
                modelfile = key.Set(modelfile, entry.Value!)
                    ?? throw source.Error(entry.ValueOffset, $"{key.Name} is '{Shorten(entry.Value!)}'; it must be {key.Allowed}");
            }
        }

        if (modelfile.Template is { } template && IsGoTemplate(template))
        {
            warnings.Add(source.Warning(known["TEMPLATE"][^1].ValueOffset, "TEMPLATE is a Go template of Ollama and is ignored; a chat template is Jinja here, and that of the model's files is used"));
            modelfile = modelfile with { Template = null };
        }

        return modelfile with { Warnings = LimitCount(warnings) };
    }

    private static Dictionary<string, List<ModelfileEntry>> ReadKnownEntries(ModelfileSource source, List<string> warnings)
    {
        ModelfileVariables variables = new(source, warnings);
        Dictionary<string, List<ModelfileEntry>> known = new(StringComparer.Ordinal);
        foreach (ModelfileEntry entry in ReadEntries(source, warnings).Select(variables.Expand))
            AddKnownEntry(entry, known, source, warnings);
        return known;
    }

    private static List<ModelfileEntry> ReadEntries(ModelfileSource source, List<string> warnings) =>
        ModelfileToml.TryParse(source, warnings) ?? ModelfileOllama.TryParse(source, warnings) ?? ModelfileDotenv.Parse(source);

    /// <summary>Adds an entry of a known key. The last entry of a key counts, or all entries if the key has a list as value.</summary>
    private static void AddKnownEntry(ModelfileEntry entry, Dictionary<string, List<ModelfileEntry>> known, ModelfileSource source, List<string> warnings)
    {
        if (ModelfileKeys.Find(entry.Key) is not { } key)
        {
            string hint = ModelfileKeys.FindAnyCase(entry.Key) is { } meant ? $"; did you mean {meant.Name}?" : "";
            warnings.Add(source.Warning(entry.KeyOffset, $"unknown key '{Shorten(entry.Key)}' is ignored{hint}"));
        }
        else if (entry.Value is null)
        {
            warnings.Add(source.Warning(entry.KeyOffset, $"{entry.Key} has no value and is ignored"));
        }
        else
        {
            if (!known.TryGetValue(entry.Key, out List<ModelfileEntry>? entries))
            {
                known[entry.Key] = entries = [];
            }
            else if (!key.IsList)
            {
                warnings.Add(source.Warning(entry.KeyOffset, $"{entry.Key} is set again; the value of line {source.Position(entries[^1].KeyOffset).Line} is ignored"));
                entries.Clear();
            }

            entries.Add(entry);
        }
    }

    private static List<string> LimitCount(List<string> warnings) =>
        warnings.Count <= MaxWarnings ? warnings : [.. warnings.Take(MaxWarnings), $"and {warnings.Count - MaxWarnings} more warnings about this file"];

    private static string Shorten(string text) => text.Length <= MaxQuotedChars ? text : text[..MaxQuotedChars] + "…";

    /// <summary>Whether a template is one of Go, which Ollama uses, and not Jinja.</summary>
    internal static bool IsGoTemplate(string template) => GoAction.IsMatch(template) && !template.Contains("{%", StringComparison.Ordinal);

    /// <summary>Matches the start of an action of Go's templates that is not a valid Jinja expression.</summary>
    [GeneratedRegex(@"\{\{-?\s*(?:[.$]|(?:if|else|end|range|with|define|block|template)\b)", RegexOptions.CultureInvariant)]
    private static partial Regex GoAction { get; }
}

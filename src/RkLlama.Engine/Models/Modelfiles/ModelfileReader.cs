using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>Reads a Modelfile from a file or a string. Never writes and never uses environment variables.</summary>
internal static class ModelfileReader
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

    private static Modelfile Parse(ModelfileSource source)
    {
        List<string> warnings = [];
        List<ModelfileEntry> entries = ModelfileToml.TryParse(source, warnings, out string? obstacle) ?? ReadLines(source, obstacle);

        ModelfileVariables variables = new(source, warnings);
        Dictionary<string, ModelfileEntry> last = new(StringComparer.Ordinal);
        foreach (ModelfileEntry entry in entries.Select(variables.Expand))
        {
            AddKnownEntry(entry, last, source, warnings);
        }

        Modelfile modelfile = Modelfile.Empty;
        foreach (ModelfileKey key in ModelfileKeys.All)
        {
            if (last.GetValueOrDefault(key.Name) is { Value: { } value } entry)
            {
                modelfile = key.Set(modelfile, value)
                    ?? throw source.Error(entry.ValueOffset, $"{key.Name} is '{Shorten(value)}'; it must be {key.Allowed}");
            }
        }

        return modelfile with { Warnings = LimitCount(warnings) };
    }

    private static List<ModelfileEntry> ReadLines(ModelfileSource source, string? obstacle)
    {
        try
        {
            return ModelfileDotenv.Parse(source);
        }
        catch (ModelfileException ex) when (source.Text.Contains("\"\"\"", StringComparison.Ordinal) || source.Text.Contains("'''", StringComparison.Ordinal))
        {
            // Only TOML has triple quotes, so the error of the TOML parser is probably the cause.
            throw new ModelfileException(ex.File, ex.Line, ex.Column, $"{ex.Reason} (triple quotes need a file that is TOML throughout: {obstacle})", ex);
        }
    }

    private static void AddKnownEntry(ModelfileEntry entry, Dictionary<string, ModelfileEntry> last, ModelfileSource source, List<string> warnings)
    {
        if (ModelfileKeys.Find(entry.Key) is null)
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
            if (last.TryGetValue(entry.Key, out ModelfileEntry? earlier))
            {
                warnings.Add(source.Warning(entry.KeyOffset, $"{entry.Key} is set again; the value of line {source.Position(earlier.KeyOffset).Line} is ignored"));
            }

            last[entry.Key] = entry;
        }
    }

    private static List<string> LimitCount(List<string> warnings) =>
        warnings.Count <= MaxWarnings ? warnings : [.. warnings.Take(MaxWarnings), $"and {warnings.Count - MaxWarnings} more warnings about this file"];

    private static string Shorten(string text) => text.Length <= MaxQuotedChars ? text : text[..MaxQuotedChars] + "…";
}

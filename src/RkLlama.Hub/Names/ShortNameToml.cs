using Tomlyn;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace RkLlama.Hub.Names;

/// <summary>
/// Reads a table of short names: tables <c>[[model]]</c>, with the properties of <see cref="ShortName"/> in lower case as keys. Uses Tomlyn's strict parser
/// and not its serializer, which accepts repeated keys and would add 100 kB to the executable.
/// </summary>
internal static class ShortNameToml
{
    private const string TableName = "model";

    /// <summary>Returns the entries in the order of the file. Keys that are not known are ignored.</summary>
    /// <param name="file">The name of the file, for warnings.</param>
    /// <param name="warnings">Receives a sentence for each table or key outside of <c>[[model]]</c>, and for each entry with a value of a wrong type.</param>
    /// <exception cref="TomlException">The text is not TOML.</exception>
    internal static IReadOnlyList<ShortName> Read(string text, string file, List<string> warnings)
    {
        DocumentSyntax document = SyntaxParser.ParseStrict(text, file, true);
        foreach (KeyValueSyntax pair in document.KeyValues)
            warnings.Add($"{file}: '{pair.Key?.ToString().Trim()}' is ignored, because it is not in a table [[{TableName}]]");

        List<ShortName> entries = [];
        foreach (TableSyntaxBase table in document.Tables)
        {
            if (table is not TableArraySyntax || NameOf(table.Name) != TableName)
                warnings.Add($"{file}: the table '{table.Name?.ToString().Trim()}' is ignored, because it is not [[{TableName}]]");
            else if (TryReadEntry(table, out string? wrong) is { } entry)
                entries.Add(entry);
            else
                warnings.Add($"{file}: the entry in line {table.Span.Start.Line + 1} is ignored: {wrong}");
        }

        return entries;
    }

    private static ShortName? TryReadEntry(TableSyntaxBase table, out string? wrong)
    {
        Dictionary<string, ValueSyntax?> values = new(StringComparer.Ordinal);
        foreach (KeyValueSyntax pair in table.Items)
            values[NameOf(pair.Key)] = pair.Value;

        string? error = null;
        ShortName entry = new()
        {
            Name = Text("name") ?? "",
            Aliases = Texts("aliases"),
            Repo = Text("repo") ?? "",
            File = Text("file"),
            Revision = Text("revision"),
            Base = Text("base"),
            Platform = Text("platform"),
            Size = Number("size"),
            Sha256 = Text("sha256"),
            Source = Text("source"),
        };
        wrong = error;
        return error is null ? entry : null;

        string? Text(string key)
        {
            if (values.GetValueOrDefault(key) is not { } value)
                return null;
            if (value is StringValueSyntax text)
                return text.Value ?? "";
            error ??= $"'{key}' is a string";
            return null;
        }

        long? Number(string key)
        {
            if (values.GetValueOrDefault(key) is not { } value)
                return null;
            if (value is IntegerValueSyntax { Value: >= 0 } number)
                return number.Value;
            error ??= $"'{key}' is a number of bytes";
            return null;
        }

        IReadOnlyList<string> Texts(string key)
        {
            if (values.GetValueOrDefault(key) is not { } value)
                return [];
            string?[] texts = value is ArraySyntax array ? [.. array.Items.Select(static item => (item.Value as StringValueSyntax)?.Value)] : [null];
            if (texts.Contains(null))
                error ??= $"'{key}' is a list of strings";
            return [.. texts.OfType<string>()];
        }
    }

    /// <summary>Returns a key without quotes; <c>a.b</c> as it is written.</summary>
    private static string NameOf(KeySyntax? key) => key switch
    {
        { DotKeys.ChildrenCount: 0, Key: StringValueSyntax quoted } => quoted.Value ?? "",
        { DotKeys.ChildrenCount: 0, Key: BareKeySyntax bare } => bare.Key?.Text ?? "",
        _ => key?.ToString().Trim() ?? "",
    };
}

using Tomlyn;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>
/// Reads a Modelfile if the whole file is valid TOML. Uses Tomlyn's strict parser and not its serializer: the parser's syntax tree has the order and the
/// positions of the keys, and the parser rejects repeated keys, which the serializer accepts.
/// </summary>
internal static class ModelfileToml
{
    /// <param name="warnings">Receives a warning for each TOML table, because the keys of a table are ignored.</param>
    /// <returns>The entries in the order of the file; null if the text is not TOML.</returns>
    /// <exception cref="ModelfileException">The value of a known key is a list or a table.</exception>
    public static List<ModelfileEntry>? TryParse(ModelfileSource source, List<string> warnings)
    {
        DocumentSyntax document;
        try
        {
            document = SyntaxParser.ParseStrict(source.Text, "TOML", true);
        }
        catch (TomlException)
        {
            return null;
        }

        List<ModelfileEntry> entries = [];
        foreach (KeyValueSyntax pair in document.KeyValues)
        {
            if (pair is { Key: { } key, Value: { } value })
            {
                AddEntries(source, key, value, entries);
            }
        }

        foreach (TableSyntaxBase table in document.Tables)
        {
            warnings.Add(source.Warning(table.Span.Offset, $"table [{table.Name?.ToString().Trim()}] is not known; the lines below it are ignored"));
        }

        return entries;
    }

    private static void AddEntries(ModelfileSource source, KeySyntax key, ValueSyntax value, List<ModelfileEntry> entries)
    {
        string name = key switch
        {
            { DotKeys.ChildrenCount: 0, Key: StringValueSyntax quoted } => quoted.Value ?? "",
            { DotKeys.ChildrenCount: 0, Key: BareKeySyntax bare } => bare.Key?.Text ?? "",
            _ => source.Text.Substring(key.Span.Offset, key.Span.Length),
        };

        if (value is ArraySyntax array && ModelfileKeys.Find(name) is { IsList: true })
        {
            foreach (ArrayItemSyntax item in array.Items)
            {
                if (item.Value is { } single)
                    entries.Add(ToEntry(source, key, name, single));
            }

            return;
        }

        entries.Add(ToEntry(source, key, name, value));
    }

    private static ModelfileEntry ToEntry(ModelfileSource source, KeySyntax key, string name, ValueSyntax value)
    {
        int start = value.Span.Offset, end = start + value.Span.Length;
        // The text of the value in the file, so that ModelfileDotenv would return the same: 1.50 stays 1.50.
        string written = source.Text.Substring(start, value.Span.Length);
        switch (value)
        {
            case StringValueSyntax text:
                bool verbatim = text.Token?.TokenKind is TokenKind.StringMulti or TokenKind.StringLiteralMulti;
                return new ModelfileEntry(name, text.Value ?? "", key.Span.Offset, start, end, verbatim);
            case IntegerValueSyntax number when written.StartsWith('0') && written.Length > 1:
                return new ModelfileEntry(name, number.Value.ToString(System.Globalization.CultureInfo.InvariantCulture), key.Span.Offset, start, end);
            case ArraySyntax or InlineTableSyntax when ModelfileKeys.Find(name) is not null:
                throw source.Error(start, $"{name} takes a single value, not a list or a table");
            default:
                return new ModelfileEntry(name, written, key.Span.Offset, start, end);
        }
    }
}

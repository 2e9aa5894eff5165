using System.Text;
using System.Text.RegularExpressions;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses a call after a mark whose name is beside the JSON, or in a wrong place of it: in quotes, in bold type, after a label, after the name of the format,
/// or as the first member without a value. Rewrites the text before the arguments in the usual form. Its length has a limit, because the text is read twice.
/// </summary>
internal sealed partial class LeadInParser(ToolCallReader reader, List<ParsedToolCall> calls) : ToolCallParser(reader, calls)
{
    /// <summary>The maximum length of the text before the arguments.</summary>
    internal const int MaxLength = 256;

    private const int MaxSigns = 12;

    // As alternatives of patterns.
    private const string LabelPattern = "function|name|tool|call|tool_name|function_name|action";
    private const string FormatPattern = "json|tool_call|tool_code|function_call|xml";

    private static readonly string[] Labels = LabelPattern.Split('|');
    private static readonly string[] Formats = FormatPattern.Split('|');

    private readonly StringBuilder _text = new();
    private readonly StringBuilder _word = new();
    private ToolCallParser? _inner;
    private int _signs;

    internal override ParseStep Feed(char c)
    {
        if (_inner is not null)
            return _inner.Feed(c);
        _text.Append(c);
        if (_text.Length > MaxLength || !MayContinue(c))
            return ParseStep.Rejected(1);
        if (c is not ('{' or ',' or '[') || Rewritten() is not (string start, ToolCallParser parser))
            return c == '{' && _text.ToString().AsSpan(0, _text.Length - 1).ContainsAnyExcept(" \t\r\n") && !IsStart.IsMatch(_text.ToString()) ? ParseStep.Rejected(1) : ParseStep.Incomplete;
        _inner = parser;
        ParseStep step = ParseStep.Incomplete;
        for (int i = 0; i < start.Length && step.Status == ParseStatus.Incomplete; i++)
            step = parser.Feed(start[i]);
        return step.Status == ParseStatus.Incomplete ? step : ParseStep.Rejected(1);
    }

    internal override bool TryFinish() => _inner?.TryFinish() == true;

    /// <summary>Returns whether the text may still be one before the arguments: it has only labels, the name of a tool, and signs.</summary>
    private bool MayContinue(char c)
    {
        if (char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/' or '\\')
        {
            if (_word.Length == 0 && _text[0] == '{' && _text[^2] is not ('"' or '\''))
                return false;
            _word.Append(c);
            _signs = 0;
            return MayBecomeWord(_word.ToString());
        }

        string word = _word.ToString();
        _word.Clear();
        bool isWord = word.Length == 0 || Labels.Contains(word) || Formats.Contains(word) || ToolCallFields.IsArguments(word) || Reader.Exact.IsOffered(word);
        return isWord && ++_signs <= MaxSigns && (char.IsWhiteSpace(c) || c is '{' or '[' or '(' or '"' or '\'' or '`' or '*' or ',' or ':' or '=' or ';');
    }

    private bool MayBecomeWord(string word) =>
        Labels.Concat(Formats).Concat(ToolCallFields.ArgumentNames).Any(known => known.StartsWith(word, StringComparison.Ordinal)) || Reader.Exact.MayBecomeOffered(word);

    /// <summary>Returns the text in the usual form, and a parser for it; null if the arguments have not begun.</summary>
    private (string Start, ToolCallParser Parser)? Rewritten()
    {
        string text = _text.ToString();
        if (Format.IsMatch(text))
            return (text[^1..], new JsonCallParser(Reader, Calls, isMarked: true));
        if (FirstMember.Match(text) is { Success: true } first && Reader.IsOffered(first.Groups["name"].Value))
            return ($$"""{"name": "{{first.Groups["name"].Value}}",""", new JsonCallParser(Reader, Calls, isMarked: true));
        if (NamelessMember.Match(text) is { Success: true } nameless && Reader.IsOffered(nameless.Groups["name"].Value))
            return ($$"""{"name": "{{nameless.Groups["name"].Value}}", "arguments": {""", new JsonCallParser(Reader, Calls, isMarked: true));
        if (NameBefore.Match(text) is { Success: true } before && Reader.IsOffered(before.Groups["name"].Value))
            return (before.Groups["name"].Value + "\n{", new NamedCallParser(Reader, Calls, isMarked: true));
        return null;
    }

    [GeneratedRegex(@"^\s*((" + FormatPattern + @")\s*[(:]?|\()\s*[{\[]\z", RegexOptions.CultureInvariant)]
    private static partial Regex Format { get; }

    [GeneratedRegex("""^\s*\{\s*["'](?<name>[^"']+)["']\s*,\z""", RegexOptions.CultureInvariant)]
    private static partial Regex FirstMember { get; }

    [GeneratedRegex("""^\s*\{\s*["']?(""" + LabelPattern + """)["']?\s*:\s*["'](?<name>[^"']+)["']\s*,\s*\{\z""", RegexOptions.CultureInvariant)]
    private static partial Regex NamelessMember { get; }

    [GeneratedRegex(
        """^\s*\[?\s*((""" + LabelPattern + """)\s*[:=]\s*)?["'`*]*(?<name>[\w./\\-]+)["'`*]*\s*[,:=;]?\s*(["'`*]*(arguments|parameters|args|params|input)["'`*]*\s*[:=]\s*)?\{\z""",
        RegexOptions.CultureInvariant)]
    private static partial Regex NameBefore { get; }

    // An object whose first member is the name.
    [GeneratedRegex(@"^\s*\{", RegexOptions.CultureInvariant)]
    private static partial Regex IsStart { get; }
}

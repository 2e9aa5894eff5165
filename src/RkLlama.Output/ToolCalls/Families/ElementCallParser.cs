using System.Collections.Frozen;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls.Families;

/// <summary>
/// Parses an element whose tag is not one of the marks: <c>&lt;get_weather&gt;</c> has the name of a tool, and <c>&lt;tool_call id="1"&gt;</c> is a mark with
/// attributes, or in another spelling. The content is the same as after a mark, or one element per argument. Arguments may also be attributes.
/// </summary>
internal sealed class ElementCallParser(ToolCallReader reader, List<ParsedToolCall> calls) : ToolCallParser(reader, calls)
{
    /// <summary>The marks that are tags, by their names in lower case and with underscores.</summary>
    private static readonly FrozenDictionary<string, ToolMark> Words = ToolFamilies.Marks.Values
        .Where(static mark => mark is { Payload: ToolPayload.Any, IsWord: false } && mark.Open is ['<', .., '>'] && IsWord(mark.Open[1..^1]))
        .DistinctBy(static mark => Plain(mark.Open[1..^1]))
        .ToFrozenDictionary(static mark => Plain(mark.Open[1..^1]));

    private readonly OpeningTag _tag = new();
    private ToolCallParser? _inner;
    private bool _isBare;

    /// <summary>Whether the tag is a mark with attributes.</summary>
    internal bool IsMark { get; private set; }

    /// <summary>Whether the call has no arguments, so that the tag may also be meant as text.</summary>
    internal override bool MustBeLast => _isBare || _inner?.MustBeLast == true;

    internal override PartialJsonScanner? OpenJson => _inner?.OpenJson;

    /// <summary>Returns whether a tag may begin with a text.</summary>
    /// <param name="text">The text after the first character of the tag; not empty.</param>
    /// <param name="allowsTools">Whether the name of a tool is such a tag.</param>
    internal static bool MayBegin(ToolCallReader reader, string text, bool allowsTools)
    {
        OpeningTag tag = new();
        return text.All(tag.Feed) && MayBecome(reader, tag, allowsTools);
    }

    internal override ParseStep Feed(char c)
    {
        if (_inner is not null)
            return _inner.Feed(c);
        bool isTag = _tag.Feed(c);
        if (!isTag && c == '{' && _tag is { IsInName: false, Attributes.Count: 0 } && Words.ContainsKey(Plain(_tag.Name)))
            return StartBlock().Feed(c); // the end of the tag is missing
        if (!isTag || !MayBecome(Reader, _tag, allowsTools: true))
            return ParseStep.Rejected(1);
        return _tag.IsComplete ? StartContent() : ParseStep.Incomplete;
    }

    internal override bool TryFinish() => _inner?.TryFinish() == true;

    private static bool MayBecome(ToolCallReader reader, OpeningTag tag, bool allowsTools)
    {
        string word = Plain(tag.Name);
        if (!tag.IsInName)
            return Words.ContainsKey(word) || (allowsTools && IsTool(reader, tag.Name));
        return Words.Keys.Any(known => known.StartsWith(word, StringComparison.Ordinal)) || (allowsTools && !reader.AcceptsAnyName && reader.Exact.MayBecomeOffered(tag.Name));
    }

    private static bool IsTool(ToolCallReader reader, string name) => !reader.AcceptsAnyName && reader.Exact.IsOffered(name);

    private static bool IsWord(string name) => name.All(static c => char.IsAsciiLetter(c) || c is '_' or '-' or ':');

    private static string Plain(string name) => name.ToLowerInvariant().Replace('-', '_');

    private CallBlockParser StartBlock()
    {
        IsMark = true;
        CallBlockParser block = new(Reader.InNamespaces, Calls, Words[Plain(_tag.Name)]);
        _inner = block;
        return block;
    }

    private ParseStep StartContent()
    {
        string? tool = IsTool(Reader, _tag.Name) ? _tag.Name : null;
        if (tool is null)
        {
            IsMark = true;
            tool = _tag.Attributes.FirstOrDefault(static attribute => attribute.Key.Length == 0 || ToolCallFields.IsName(attribute.Key)).Value;
            if (tool is null)
            {
                StartBlock();
                return _tag.IsEmptyElement ? ParseStep.Rejected(0) : ParseStep.Incomplete;
            }
        }

        XmlCallParser call = new(Reader.InNamespaces, Calls);
        _inner = call;
        ParseStep step = call.Start(tool, _tag);
        _isBare = !IsMark && step.Status == ParseStatus.Complete && Calls[^1].Arguments == "{}";
        return step;
    }
}

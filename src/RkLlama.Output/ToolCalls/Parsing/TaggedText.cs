using System.Text;
using System.Text.RegularExpressions;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>Collects the value of a parameter up to a tag that may end it.</summary>
/// <param name="ends">The tags that may end the text.</param>
internal sealed partial class TaggedText(params string[] ends)
{
    /// <summary>The mark of the next block. Like the tags at the end of a block, it may also be part of a value.</summary>
    internal const string NextBlock = "<tool_call>";

    private const int MaxTagsLength = 200;

    private readonly StringBuilder _text = new();
    private readonly LiteralMatcher _end = new(ends);
    private int _tagLength;

    /// <summary>The text before the tag that the last character has completed, or else the whole text.</summary>
    internal string Value => _text.ToString(0, Length);

    /// <summary>The length of <see cref="Value"/>.</summary>
    internal int Length => _text.Length - _tagLength;

    /// <summary>Returns the tag that the character completes; null if it completes none. If the tag does not end the text, it is part of it.</summary>
    internal string? Feed(char c)
    {
        _text.Append(c);
        _tagLength = 0;
        if (!_end.Feed(c))
        {
            _end.Reset();
            _end.Feed(c);
        }

        if (_end.Match is not { } tag)
            return null;
        _end.Reset();
        _tagLength = tag.Length;
        return tag;
    }

    /// <summary>
    /// Returns the value without the tags at its end that close a function or a block, and the end of the turn behind them; null if there are none. Inside of a value such tags may be part of it,
    /// so they end it only if the answer ends, or the next block starts.
    /// </summary>
    /// <param name="element">The name of one more element whose closing tag may end the text; null if there is none.</param>
    internal string? ValueBeforeClosingTags(string? element = null)
    {
        if (element is not null && Value.TrimEnd() is var value && value.EndsWith($"</{element}>", StringComparison.Ordinal))
            return value[..^(element.Length + 3)];
        int start = Math.Max(0, Length - MaxTagsLength);
        return ClosingTags.Match(_text.ToString(start, Length - start)) is { Success: true } tags ? _text.ToString(0, start + tags.Index) : null;
    }

    /// <summary>Makes the last tag a part of the text, and adds the text behind it.</summary>
    /// <param name="tagLength">The length of the tag at the end of that text which may end the text now; 0 if there is none.</param>
    internal void Resume(string text, int tagLength)
    {
        _text.Append(text);
        _tagLength = tagLength;
    }

    /// <summary>Returns whether only white space is before the last tag on its line.</summary>
    internal bool IsTagFirstOnLine()
    {
        int at = Length - 1;
        while (at >= 0 && _text[at] is ' ' or '\t')
            at--;
        return at < 0 || _text[at] == '\n';
    }

    /// <summary>Returns the text from this position on.</summary>
    internal string From(int start) => _text.ToString(start, _text.Length - start);

    /// <summary>The number of characters so far, with those of the tags.</summary>
    internal int TotalLength => _text.Length;

    /// <summary>Cuts the text off at this position.</summary>
    internal void CutAt(int length) => (_text.Length, _tagLength) = (length, 0);

    [GeneratedRegex(
        @"(</(function|tool_call|tools?|toolcall|tool_calls|function_calls?|invoke|parameters|seed:tool_call|minimax:tool_call)(=[^<>]*)?>\s*)+((<\|[a-z_]+\|>|</s>)\s*)*\z",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex ClosingTags { get; }
}

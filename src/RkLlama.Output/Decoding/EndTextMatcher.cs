using System.Text;

namespace RkLlama.Output.Decoding;

/// <summary>
/// Finds the text of an end token, such as <c>&lt;|im_end|&gt;</c>, in a text. Holds back only text that may be the start of such a text. The time is
/// linear in the length of the text for each end token. One instance per answer; not thread-safe.
/// </summary>
/// <param name="texts">The texts of the end tokens; none is empty.</param>
internal sealed class EndTextMatcher(IReadOnlyList<string> texts)
{
    private readonly Pattern[] _patterns = [.. texts.Select(static text => new Pattern(text))];
    private readonly StringBuilder _held = new();

    // The number of characters since the last one that may belong to an end token, including this one.
    private int _sinceEnding = int.MaxValue;

    /// <summary>Adds text and appends to <paramref name="output"/> the text that belongs to the answer.</summary>
    /// <param name="endsAnswer">
    /// Whether the text may belong to an end token. The text of an end token ends the answer if this is true for at least one of its characters.
    /// </param>
    /// <returns>True if the text of an end token ends the answer. The rest of the text is then dropped.</returns>
    internal bool Add(string text, bool endsAnswer, StringBuilder output)
    {
        foreach (char c in text)
        {
            _held.Append(c);
            _sinceEnding = endsAnswer ? 1 : _sinceEnding == int.MaxValue ? int.MaxValue : _sinceEnding + 1;
            int undecided = 0;
            foreach (Pattern pattern in _patterns)
            {
                if (pattern.Matches(c) && _sinceEnding <= pattern.Length)
                {
                    _held.Length -= pattern.Length;
                    Flush(output);
                    return true;
                }

                undecided = Math.Max(undecided, pattern.Matched);
            }

            int released = _held.Length - undecided;
            if (released == 0)
                continue;
            output.Append(_held, 0, released);
            _held.Remove(0, released);
        }

        return false;
    }

    /// <summary>Ends the text. Appends the text that was held back.</summary>
    internal void Flush(StringBuilder output)
    {
        output.Append(_held);
        _held.Clear();
        foreach (Pattern pattern in _patterns)
            pattern.Reset();
    }

    /// <summary>Searches one text with the algorithm of Knuth, Morris and Pratt.</summary>
    private sealed class Pattern
    {
        private readonly string _text;

        // For each number of matched characters: the length of the longest proper suffix of them that is a prefix of the text.
        private readonly int[] _fallbacks;

        internal Pattern(string text)
        {
            _text = text;
            _fallbacks = new int[text.Length + 1];
            for (int length = 2; length <= text.Length; length++)
                _fallbacks[length] = Next(_fallbacks[length - 1], text[length - 1]);
        }

        internal int Length => _text.Length;

        /// <summary>The number of characters at the end of the text so far that may be the start of a match.</summary>
        internal int Matched { get; private set; }

        /// <summary>Adds a character. Returns whether a match ends with it.</summary>
        internal bool Matches(char c)
        {
            Matched = Next(Matched, c);
            if (Matched < Length)
                return false;
            Matched = _fallbacks[Length];
            return true;
        }

        internal void Reset() => Matched = 0;

        private int Next(int matched, char c)
        {
            while (matched > 0 && _text[matched] != c)
                matched = _fallbacks[matched];
            return _text[matched] == c ? matched + 1 : 0;
        }
    }
}

using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Normalizers;

/// <summary>
/// Unicode normalization form C (NFC). Copies text that NFC cannot change, and normalizes the other text in runs. A run is a part of the text. It begins one
/// code point before a code point that NFC may change, and ends before the next code point that NFC cannot change. Each run is decomposed, its combining marks
/// are sorted, and it is composed.
/// </summary>
internal sealed class NfcNormalizer : Normalizer
{
    private const int FirstChangeable = 0x300;
    private const int InsertionSortLimit = 16;

    private readonly CanonicalTable _table = CanonicalTable.Instance;

    public override bool TryNormalize(TextBuffer source, TextBuffer target)
    {
        ReadOnlySpan<char> text = source.Text;
        int changeable = NextChangeable(text, 0);
        if (changeable < 0)
            return false;
        var codePoints = new List<int>();
        int copied = 0;
        while (changeable >= 0)
        {
            int start = changeable;
            if (start > copied)
            {
                CodePoints.Before(text, start, out int length);
                start -= length;
            }
            target.Append(source, copied, start);
            copied = NormalizeRun(source, start, target, codePoints);
            changeable = NextChangeable(text, copied);
        }
        target.Append(source, copied, text.Length);
        return true;
    }

    private int NextChangeable(ReadOnlySpan<char> text, int index)
    {
        while (index < text.Length)
        {
            int offset = text[index..].IndexOfAnyExceptInRange('\0', (char)(FirstChangeable - 1));
            if (offset < 0)
                return -1;
            index += offset;
            int codePoint = CodePoints.At(text, index, out int length);
            if (_table.MayChange(codePoint))
                return index;
            index += length;
        }
        return -1;
    }

    /// <summary>
    /// Normalizes from <paramref name="start"/> up to the next code point that NFC cannot change, and returns the index of that code point.
    /// </summary>
    private int NormalizeRun(TextBuffer source, int start, TextBuffer target, List<int> codePoints)
    {
        ReadOnlySpan<char> text = source.Text;
        codePoints.Clear();
        bool fromRequest = false;
        int index = start;
        while (index < text.Length)
        {
            int codePoint = CodePoints.At(text, index, out int length);
            if (index > start && !_table.MayChange(codePoint))
                break;
            // A run is usually one visible character. If a part of it is request text, all of it becomes request text.
            fromRequest |= source.IsFromRequest(index);
            _table.Decompose(codePoint, codePoints);
            index += length;
        }
        SortMarks(codePoints);
        int count = Compose(codePoints);
        for (int i = 0; i < count; i++)
            target.AppendCodePoint(codePoints[i], fromRequest);
        return index;
    }

    /// <summary>Sorts each sequence of combining marks by combining class. Marks of the same class keep their order.</summary>
    private void SortMarks(List<int> codePoints)
    {
        int start = 0;
        while (start < codePoints.Count)
        {
            if (_table.ClassOf(codePoints[start]) == 0)
            {
                start++;
                continue;
            }
            int end = start + 1;
            while (end < codePoints.Count && _table.ClassOf(codePoints[end]) != 0)
                end++;
            if (end - start > InsertionSortLimit)
                SortLongRun(codePoints, start, end);
            else
                SortShortRun(codePoints, start, end);
            start = end;
        }
    }

    private void SortShortRun(List<int> codePoints, int start, int end)
    {
        for (int i = start + 1; i < end; i++)
        {
            int mark = codePoints[i];
            int to = i;
            for (; to > start && _table.ClassOf(codePoints[to - 1]) > _table.ClassOf(mark); to--)
                codePoints[to] = codePoints[to - 1];
            codePoints[to] = mark;
        }
    }

    /// <summary>
    /// Sorts a long sequence of marks in O(n log n). Normal text has only a few marks in sequence, but an attacker can send a megabyte of them: an insertion
    /// sort would then need quadratic time.
    /// </summary>
    private void SortLongRun(List<int> codePoints, int start, int end)
    {
        var marks = new (int Class, int Position, int CodePoint)[end - start];
        for (int i = 0; i < marks.Length; i++)
            marks[i] = (_table.ClassOf(codePoints[start + i]), i, codePoints[start + i]);
        Array.Sort(marks);
        for (int i = 0; i < marks.Length; i++)
            codePoints[start + i] = marks[i].CodePoint;
    }

    /// <summary>Composes the code points in place. Returns how many remain at the start of the list.</summary>
    private int Compose(List<int> codePoints)
    {
        int count = 0;
        int starter = -1;
        int lastClass = 0;
        for (int i = 0; i < codePoints.Count; i++)
        {
            int codePoint = codePoints[i];
            int combiningClass = _table.ClassOf(codePoint);
            // A mark cannot be composed with the last starter if a mark of the same or a higher class is between them. A starter cannot be composed with the
            // last starter if any mark is between them.
            bool adjacent = starter == count - 1;
            if (starter >= 0 && (adjacent || (lastClass != 0 && lastClass < combiningClass)))
            {
                int composed = _table.Compose(codePoints[starter], codePoint);
                if (composed >= 0)
                {
                    codePoints[starter] = composed;
                    continue;
                }
            }
            if (combiningClass == 0)
                starter = count;
            lastClass = combiningClass;
            codePoints[count++] = codePoint;
        }
        return count;
    }
}

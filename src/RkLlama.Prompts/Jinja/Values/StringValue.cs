namespace RkLlama.Prompts.Jinja.Values;

/// <summary>
/// A Python <c>str</c> that records which of its characters are request text (see <see cref="PromptText"/>). Indexes and lengths in this class are in UTF-16
/// units. Exceptions: <see cref="Length"/>, and members whose names contain CodePoint, because templates count in code points.
/// </summary>
/// <param name="requestSpans">The ranges that are request text. They are in ascending order, do not overlap and are not empty.</param>
internal sealed class StringValue(string text, PromptSpan[] requestSpans) : Value
{
    private int _codePoints = -1;

    public static StringValue Empty { get; } = new("", []);

    public string Text { get; } = text;

    public PromptSpan[] RequestSpans { get; } = requestSpans;

    /// <summary>
    /// Whether this is a <c>Markup</c> of the package markupsafe: HTML text, the result of the filters <c>safe</c> and <c>escape</c>. A plain string that is
    /// concatenated with it is escaped first.
    /// </summary>
    public bool IsMarkup { get; private init; }

    public override string TypeName => IsMarkup ? "Markup" : "str";

    public override bool IsTrue => Text.Length > 0;

    public override int? Length => CodePointCount;

    /// <summary>To compare or to hash a long string takes as long as several values.</summary>
    public override long Size => 1 + (Text.Length / 64);

    /// <summary>Whether every code point is one UTF-16 unit.</summary>
    public bool HasNoSurrogatePairs => CodePointCount == Text.Length;

    private int CodePointCount => _codePoints >= 0 ? _codePoints : _codePoints = PythonStrings.CountCodePoints(Text);

    public static StringValue FromTemplate(string text) => text.Length == 0 ? Empty : new StringValue(text, []);

    public static StringValue FromRequest(string text) => text.Length == 0 ? Empty : new StringValue(text, [new PromptSpan(0, text.Length)]);

    public StringValue AsMarkup(bool markup = true) => markup == IsMarkup ? this : new StringValue(Text, RequestSpans) { IsMarkup = markup };

    /// <summary>Returns a substring. If this string is <c>Markup</c>, the substring is <c>Markup</c> too.</summary>
    public StringValue Slice(int start, int length)
    {
        if (start == 0 && length == Text.Length)
            return this;
        string part = Text.Substring(start, length);
        if (RequestSpans.Length == 0)
            return new StringValue(part, []) { IsMarkup = IsMarkup };
        List<PromptSpan> spans = [];
        for (int i = FirstSpanAfter(start); i < RequestSpans.Length && RequestSpans[i].Start < start + length; i++)
            spans.Add(new PromptSpan(Math.Max(RequestSpans[i].Start - start, 0), Math.Min(RequestSpans[i].End - start, length)));
        return new StringValue(part, [.. spans]) { IsMarkup = IsMarkup };
    }

    /// <summary>
    /// Returns the UTF-16 index of the code point with the number <paramref name="codePoint"/>. The number must be from 0 to the number of code points.
    /// </summary>
    public int IndexOfCodePoint(int codePoint)
    {
        if (HasNoSurrogatePairs)
            return codePoint;
        int index = 0;
        for (; codePoint > 0; codePoint--)
            index += PythonStrings.CodePointLength(Text, index);
        return index;
    }

    /// <summary>Returns the number of code points before a UTF-16 index.</summary>
    public int CodePointsBefore(int index) => HasNoSurrogatePairs ? index : PythonStrings.CountCodePoints(Text.AsSpan(0, index));

    public bool IsFromRequestAt(int index) => FirstSpanAfter(index) is var span && span < RequestSpans.Length && RequestSpans[span].Start <= index;

    /// <summary>Returns the position in <see cref="RequestSpans"/> of the first span that ends after an index; their number if there is none.</summary>
    public int FirstSpanAfter(int index)
    {
        int low = 0, high = RequestSpans.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (RequestSpans[middle].End > index)
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }

    public override IEnumerator<Value> Iterate()
    {
        for (int index = 0; index < Text.Length;)
        {
            int length = PythonStrings.CodePointLength(Text, index);
            yield return Slice(index, length).AsMarkup(false);
            index += length;
        }
    }

    public override IEnumerator<Value> IterateReversed()
    {
        for (int end = Text.Length; end > 0;)
        {
            int length = end > 1 && char.IsSurrogatePair(Text[end - 2], Text[end - 1]) ? 2 : 1;
            end -= length;
            yield return Slice(end, length);
        }
    }

    public override Value? FindItem(Value key, RenderBudget budget)
    {
        if (key is SliceValue slice)
            return slice.Apply(this, budget);
        if (key is not IntegerValue integer || Sequences.Index(integer, CodePointCount) is not { } position)
            return null;
        int index = IndexOfCodePoint(position);
        return Slice(index, PythonStrings.CodePointLength(Text, index));
    }

    public override void WriteText(TextBuilder output) => output.Append(this);

    public override void WriteRepr(TextBuilder output)
    {
        if (IsMarkup)
            output.Append("Markup(");
        PythonStrings.WriteRepr(this, output);
        if (IsMarkup)
            output.Append(')');
    }

    public override StringValue ToStringValue(RenderBudget budget) => AsMarkup(false);

    public override bool IsEqualTo(Value other) => other is StringValue text && text.Text == Text;

    public override int ComputeHash() => Text.GetHashCode(StringComparison.Ordinal);
}

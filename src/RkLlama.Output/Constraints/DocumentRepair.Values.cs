using System.Globalization;
using System.Text.RegularExpressions;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Text;

namespace RkLlama.Output.Constraints;

// Values and names as models write them.
internal sealed partial class DocumentRepair
{
    [GeneratedRegex(@"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", RegexOptions.CultureInvariant)]
    private static partial Regex Number { get; }

    private bool FixValue(Frame place)
    {
        SkipBlank();
        if (_at == _text.Length)
            return false;
        bool isRoot = place is ValueFrame { Parent: EndFrame };
        if (isRoot && SkipProse())
            return true;
        Scalar scalar = ReadScalar();
        if (isRoot && !Allows("\"") && !Allows("0") && !place.Literals.Any())
        {
            _at = _text.Length;
            return AppendOpening();
        }

        string? word = JsonWord.ToJson(scalar.Text) is { } known && place.Literals.Contains(known) ? known : BooleanOf(scalar.Text);
        if (word is not null && !(scalar.IsQuoted && Allows("\"")) && place.Literals.Contains(word) && Append(word))
            return SkipTo(scalar.End);
        if (!scalar.IsQuoted && _text[_at] is '{' or '[' && !Allows("{") && !Allows("["))
        {
            // An object in place of a scalar. Only the model knows what it would have been.
            _at = _text.Length;
            return AppendOpening();
        }

        string plain = scalar.Text.TrimStart('+');
        if (!scalar.IsQuoted && Allows("0") && Number.Match(plain) is { Success: true } whole && whole.Length == plain.Length && AppendNumber(place, plain))
            return SkipTo(scalar.End);
        if (Allows("\"") && !place.Literals.Any(static text => text[0] == '"'))
            return AppendString(scalar);
        if (place.Literals.Any(static text => text[0] == '"') || (place.Literals.Any() && !Allows("0")))
            return Append(EnumText.Nearest(scalar.Text, place.Literals)) && SkipTo(scalar.End);
        if (Number.Match(scalar.Text) is { Success: true } digits && AppendNumber(place, digits.Value))
            return SkipTo(scalar.End);
        if (Allows("[") && !Allows("{"))
            return Append("[");
        _at = _text.Length;
        return AppendOpening();
    }

    /// <summary>Returns the boolean that a word means; <see langword="null"/> if it means none.</summary>
    private string? BooleanOf(string word) => word.ToUpperInvariant() switch
    {
        "YES" or "ON" => "true",
        "NO" or "OFF" or "NULL" or "NONE" => "false",
        "1" when !Allows("1") => "true",
        "0" when !Allows("0") => "false",
        _ => null,
    };

    /// <summary>Skips text in front of the document, such as a greeting or a Markdown fence.</summary>
    private bool SkipProse()
    {
        for (int start = _at; start < _text.Length; start++)
        {
            if (_text[start] is '{' or '[' && Allows(_text[start].ToString()))
                return SkipTo(start) && CopyOne();
        }

        return false;
    }

    private bool CopyOne() => Append(_text[_at..++_at]);

    private bool AppendString(Scalar scalar)
    {
        // A list or an object in place of a text is left out.
        if (!scalar.IsQuoted && _text[_at] is '{' or '[')
            _at = scalar.End = _text.Length;
        string quoted = JsonText.Quote(scalar.Text);
        return (Append(scalar.IsWhole ? quoted : quoted[..^1]) || Append("\"")) && SkipTo(scalar.End);
    }

    private bool AppendNumber(Frame place, string digits)
    {
        if (NumberOf((place as ValueFrame)?.Node ?? (place as ArrayFrame)?.Item) is not { } node || !double.TryParse(digits, CultureInfo.InvariantCulture, out double number))
            return Append(digits);
        string nearest = NumberFrame.Nearest(node, number);
        return (double.Parse(nearest, CultureInfo.InvariantCulture) == number && Append(digits)) || Append(nearest);
    }

    private static NumberNode? NumberOf(ValueNode? node) => node switch
    {
        NumberNode number => number,
        UnionNode union => union.Alternatives.Select(NumberOf).FirstOrDefault(static number => number is not null),
        _ => null,
    };

    private bool Allows(string text) => _state.Step(text) is not null;

    /// <summary>Reads a text in quotes of any kind, or up to the end of the value.</summary>
    private Scalar ReadScalar()
    {
        char quote = _text[_at];
        char closing = quote == '“' ? '”' : quote == '‘' ? '’' : quote;
        if (closing is '"' or '\'' or '”' or '’' or '`')
        {
            int at = _at + 1;
            while (at < _text.Length && _text[at] != closing)
                at += _text[at] == '\\' ? 2 : 1;
            bool isWhole = at < _text.Length;
            return new(_text[(_at + 1)..Math.Min(at, _text.Length)], Math.Min(_text.Length, at + 1), IsQuoted: true, isWhole);
        }

        int stop = _text.AsSpan(_at).IndexOfAny(",}]\n");
        string bare = stop < 0 ? _text[_at..] : _text[_at..(_at + stop)];

        // Only the opening quote is missing.
        int end = bare.IndexOf('"');
        if (end > 0 && bare.AsSpan(end + 1).IsWhiteSpace())
            return new(bare[..end], _at + end + 1, IsQuoted: true, IsWhole: true);
        return new(stop < 0 ? bare : bare.TrimEnd(), stop < 0 ? _text.Length : _at + stop, IsQuoted: false, IsWhole: stop >= 0);
    }

    /// <summary>Reads the name of a member with or without quotes, and the colon behind it. <see langword="null"/> if there is no name.</summary>
    private (string Text, int End, bool IsWhole)? ReadName()
    {
        if (_text[_at] is '"' or '\'' or '“' or '‘' or '`')
        {
            Scalar scalar = ReadScalar();
            string name = scalar.Text.TrimEnd(' ', ':');
            return name.Length == 0 ? null : (name, AfterColon(scalar.End), scalar.IsWhole);
        }

        int end = _at;
        while (end < _text.Length && (char.IsLetterOrDigit(_text[end]) || _text[end] is '_' or '-' or '$'))
            end++;
        if (end == _at)
            return null;
        string bare = _text[_at..end];
        if (end < _text.Length && _text[end] is '"' or '\'')
            end++;
        return (bare, AfterColon(end), end < _text.Length);
    }

    private int AfterColon(int at)
    {
        int end = at;
        while (end < _text.Length && char.IsWhiteSpace(_text[end]))
            end++;
        return end < _text.Length && _text[end] is ':' or '=' ? end + 1 : at;
    }

    private static bool IsSameName(string one, string other) => EnumText.Simplify(one).Length > 0 && EnumText.Simplify(one) == EnumText.Simplify(other);

    private bool SkipTo(int position)
    {
        _at = position;
        return true;
    }

    private bool SkipWhile(Func<char, bool> isSkipped)
    {
        int before = _at;
        while (_at < _text.Length && isSkipped(_text[_at]))
            _at++;
        return _at > before;
    }

    private void SkipSeparators()
    {
        do
            SkipBlank();
        while (SkipWhile(static c => c is ',' or ';'));
    }

    /// <summary>Skips white space and comments.</summary>
    private void SkipBlank()
    {
        while (SkipWhile(char.IsWhiteSpace) || SkipComment())
        {
        }
    }

    private bool SkipComment()
    {
        ReadOnlySpan<char> rest = _text.AsSpan(_at);
        string? end = rest.StartsWith("//") || rest.StartsWith("#") ? "\n" : rest.StartsWith("/*") ? "*/" : null;
        if (end is null)
            return false;
        int found = rest.IndexOf(end);
        _at = found < 0 ? _text.Length : _at + found + end.Length;
        return true;
    }

    /// <summary>A value without its quotes.</summary>
    /// <param name="IsWhole">Whether the end of the value is in the text.</param>
    private record struct Scalar(string Text, int End, bool IsQuoted, bool IsWhole);
}

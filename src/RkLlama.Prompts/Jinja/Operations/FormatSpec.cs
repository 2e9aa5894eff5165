using System.Globalization;
using System.Numerics;
using System.Text;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Operations;

/// <summary>
/// How to format one value: the part after the colon in a field of <c>str.format</c>, or a conversion of the operator <c>%</c>.
/// </summary>
internal sealed record FormatSpec
{
    public string Fill { get; init; } = " ";

    /// <summary>One of <c>&lt; &gt; ^ =</c>; null for the default of the value's type.</summary>
    public char? Align { get; init; }

    /// <summary>What precedes a positive number: <c>+</c>, a space, or nothing if the value is <c>-</c>.</summary>
    public char Sign { get; init; } = '-';

    public bool Alternate { get; init; }

    public int Width { get; init; }

    /// <summary>The thousands separator: <c>,</c> or <c>_</c>; null for none.</summary>
    public char? Grouping { get; init; }

    public int? Precision { get; init; }

    public char? Type { get; init; }

    /// <summary>Parses a specification of the form <c>[[fill]align][sign][#][0][width][grouping][.precision][type]</c>.</summary>
    public static FormatSpec Parse(string spec)
    {
        FormatSpec result = new();
        int at = 0;
        bool fillGiven = false;
        int fill = spec.Length > 0 ? PythonStrings.CodePointLength(spec, 0) : 0;
        if (spec.Length > fill && spec[fill] is '<' or '>' or '^' or '=')
        {
            result = result with { Fill = spec[..fill], Align = spec[fill] };
            at = fill + 1;
            fillGiven = true;
        }
        else if (spec is ['<' or '>' or '^' or '=', ..])
        {
            result = result with { Align = spec[at++] };
        }
        if (at < spec.Length && spec[at] is '+' or '-' or ' ')
            result = result with { Sign = spec[at++] };
        if (at < spec.Length && spec[at] == '#')
        {
            result = result with { Alternate = true };
            at++;
        }
        if (at < spec.Length && spec[at] == '0')
        {
            result = result with { Fill = fillGiven ? result.Fill : "0", Align = result.Align ?? '=' };
            at++;
        }
        result = result with { Width = ReadNumber(spec, ref at) ?? 0 };
        if (at < spec.Length && spec[at] is ',' or '_')
            result = result with { Grouping = spec[at++] };
        if (at < spec.Length && spec[at] == '.')
        {
            at++;
            result = result with { Precision = ReadNumber(spec, ref at) ?? throw new TemplateException("Format specifier missing precision") };
        }
        if (at < spec.Length)
            result = result with { Type = spec[at++] };
        return at == spec.Length ? result : throw new TemplateException("Invalid format specifier");
    }

    /// <summary>Python's <c>format(value, spec)</c>.</summary>
    public StringValue Apply(Value value, RenderBudget budget) => value switch
    {
        StringValue text when Type is null or 's' => Text(text, budget),
        IntegerValue when Type is null or 'd' or 'n' or 'b' or 'o' or 'x' or 'X' or 'c' && Precision is not null =>
            throw new TemplateException("Precision not allowed in integer format specifier"),
        IntegerValue integer when Type is null or 'd' or 'n' or 'b' or 'o' or 'x' or 'X' or 'c' => Integer(integer.Number, budget),
        NumberValue number when Type is null or 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or 'n' or '%' => Float(number.ToDouble(), budget),
        _ => throw new TemplateException($"Unknown format code '{Type}' for object of type '{value.TypeName}'"),
    };

    /// <summary>Formats a string: cuts it to the precision and pads it to the width.</summary>
    public StringValue Text(StringValue text, RenderBudget budget)
    {
        if (Align == '=' && Fill != "0")
            throw new TemplateException("'=' alignment not allowed in string format specifier");
        if (Precision is { } precision && precision < text.Length)
            text = text.Slice(0, text.IndexOfCodePoint(precision));
        return Pad(text, Align is null or '=' ? '<' : Align.Value, budget);
    }

    private static int? ReadNumber(string spec, ref int at)
    {
        int start = at;
        while (at < spec.Length && char.IsAsciiDigit(spec[at]))
            at++;
        if (at == start)
            return null;
        return int.TryParse(spec.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new TemplateException("Too many decimal digits in format string");
    }

    /// <summary>Formats an integer. If there is a precision, it is the minimum number of digits, as in conversions of the operator <c>%</c>.</summary>
    public StringValue Integer(BigInteger number, RenderBudget budget)
    {
        if (Type == 'c')
            return Pad(StringValue.FromTemplate(char.ConvertFromUtf32((int)BigInteger.Clamp(number, 0, 0x10FFFF))), Align ?? '<', budget);
        BigInteger magnitude = BigInteger.Abs(number);
        (string prefix, string digits) = Type switch
        {
            'b' => ("0b", magnitude.IsZero ? "0" : magnitude.ToString("b", CultureInfo.InvariantCulture).TrimStart('0')),
            'o' => ("0o", Octal(magnitude)),
            'x' => ("0x", Hexadecimal(magnitude)),
            'X' => ("0X", Hexadecimal(magnitude).ToUpperInvariant()),
            _ => ("", PythonNumbers.Format(magnitude)),
        };
        budget.AddCharacters(Precision ?? 0);
        return Number(number.Sign < 0, Alternate ? prefix : "", digits.PadLeft(Precision ?? 0, '0'), "", budget);
    }

    private StringValue Float(double number, RenderBudget budget)
    {
        bool negative = double.IsNegative(number);
        double magnitude = Math.Abs(number);
        if (!double.IsFinite(magnitude))
            return Number(negative, "", double.IsNaN(magnitude) ? "nan" : "inf", Type == '%' ? "%" : "", budget);
        if (Precision > 1000)
            throw PythonNumbers.TooLarge();
        string digits = Type switch
        {
            null when Precision is null => PythonNumbers.Format(magnitude),
            'f' or 'F' => Fixed(magnitude, Precision ?? 6),
            '%' => Fixed(magnitude * 100, Precision ?? 6),
            'e' => Scientific(magnitude, Precision ?? 6),
            'E' => Scientific(magnitude, Precision ?? 6).ToUpperInvariant(),
            'G' => General(magnitude, Precision ?? 6).ToUpperInvariant(),
            _ => General(magnitude, Precision ?? 6),
        };
        int end = digits.AsSpan().IndexOfAnyExceptInRange('0', '9');
        (string whole, string rest) = end < 0 ? (digits, "") : (digits[..end], digits[end..]);
        return Number(negative, "", whole, Type == '%' ? rest + "%" : rest, budget);
    }

    private StringValue Number(bool negative, string prefix, string whole, string rest, RenderBudget budget)
    {
        string sign = negative ? "-" : Sign == '-' ? "" : Sign.ToString();
        budget.AddCharacters(Width);
        if (Grouping is { } separator)
        {
            int size = prefix.Length > 0 || Type is 'b' or 'o' or 'x' or 'X' ? 4 : 3;
            int room = Align == '=' && Fill == "0" ? Width - sign.Length - prefix.Length - rest.Length : 0;
            string grouped = Group(whole, separator, size);
            while (grouped.Length < room)
                grouped = Group(whole = "0" + whole, separator, size);
            whole = grouped;
        }
        string body = whole + rest;
        int missing = Width - sign.Length - prefix.Length - PythonStrings.CountCodePoints(body);
        return Align == '=' && missing > 0
            ? StringValue.FromTemplate(sign + prefix + string.Concat(Enumerable.Repeat(Fill, missing)) + body)
            : Pad(StringValue.FromTemplate(sign + prefix + body), Align is null or '=' ? '>' : Align.Value, budget);
    }

    private StringValue Pad(StringValue text, char align, RenderBudget budget)
    {
        int missing = Width - text.Length!.Value;
        if (missing <= 0)
            return text;
        budget.AddCharacters(missing);
        int before = align switch { '<' => 0, '>' => missing, _ => missing / 2 };
        TextBuilder builder = new(budget);
        for (int i = 0; i < before; i++)
            builder.Append(Fill);
        builder.Append(text);
        for (int i = before; i < missing; i++)
            builder.Append(Fill);
        return builder.ToValue();
    }

    private static string Group(string digits, char separator, int size)
    {
        StringBuilder grouped = new(digits);
        for (int at = digits.Length - size; at > 0; at -= size)
            grouped.Insert(at, separator);
        return grouped.ToString();
    }

    private static string Octal(BigInteger number)
    {
        StringBuilder digits = new();
        do
        {
            digits.Insert(0, (char)('0' + (int)(number & 7)));
            number >>= 3;
        }
        while (!number.IsZero);
        return digits.ToString();
    }

    private static string Hexadecimal(BigInteger number) =>
        number.IsZero ? "0" : number.ToString("x", CultureInfo.InvariantCulture).TrimStart('0');

    /// <summary>Returns the number with a fixed number of decimals, rounded half to even.</summary>
    public static string Fixed(double number, int decimals)
    {
        string digits = PythonNumbers.Scale(number, decimals).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        return decimals == 0 ? digits : $"{digits[..^decimals]}.{digits[^decimals..]}";
    }

    private static string Scientific(double number, int decimals)
    {
        string text = number.ToString($"e{decimals}", CultureInfo.InvariantCulture);
        int at = text.IndexOf('e', StringComparison.Ordinal);
        int exponent = int.Parse(text.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return $"{text[..at]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private string General(double number, int precision)
    {
        precision = Math.Max(precision, 1);
        string scientific = Scientific(number, precision - 1);
        int at = scientific.IndexOf('e', StringComparison.Ordinal);
        int exponent = int.Parse(scientific.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        bool plain = exponent >= -4 && exponent < precision;
        string digits = plain ? Fixed(number, Math.Max(precision - 1 - exponent, 0)) : scientific[..at];
        if (!Alternate && digits.Contains('.', StringComparison.Ordinal))
            digits = digits.TrimEnd('0').TrimEnd('.');
        if (plain && Type is null && !digits.Contains('.', StringComparison.Ordinal))
            digits += ".0";
        return plain ? digits : digits + scientific[at..];
    }
}

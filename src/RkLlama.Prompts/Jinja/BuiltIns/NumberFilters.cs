using System.Buffers;
using System.Globalization;
using System.Numerics;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>Filters that return a number.</summary>
internal static class NumberFilters
{
    private static readonly SearchValues<char> _floatCharacters = SearchValues.Create("0123456789+-.eE_");

    public static Value Abs(Value value, CallArguments arguments)
    {
        arguments.Bind();
        return value switch
        {
            IntegerValue integer => new IntegerValue(BigInteger.Abs(integer.Number)),
            FloatValue number => new FloatValue(Math.Abs(number.Number)),
            UndefinedValue undefined => throw undefined.Error(),
            _ => throw new TemplateException($"bad operand type for abs(): '{value.TypeName}'"),
        };
    }

    public static Value Int(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("default", "base");
        if (value is UndefinedValue undefined)
            throw undefined.Error();
        Value defaultValue = values[0] ?? new IntegerValue(0);
        if (value is StringValue text && ParseInteger(text.Text, RadixOf(values[1])) is { } parsed)
            return new IntegerValue(parsed);
        if (value is IntegerValue integer)
            return new IntegerValue(integer.Number);
        double? number = value is StringValue digits ? ParseFloat(digits.Text) : (value as FloatValue)?.Number;
        if (value is FloatValue && double.IsInfinity(number!.Value))
            throw new TemplateException("cannot convert float infinity to integer");
        return number is { } finite && double.IsFinite(finite) ? new IntegerValue(new BigInteger(finite)) : defaultValue;
    }

    public static Value Float(Value value, CallArguments arguments)
    {
        Value defaultValue = arguments.Bind("default")[0] ?? new FloatValue(0);
        double? number = value switch
        {
            IntegerValue given when double.IsInfinity(given.ToDouble()) => throw PythonNumbers.TooLarge(),
            NumberValue given => given.ToDouble(),
            StringValue text => ParseFloat(text.Text),
            UndefinedValue undefined => throw undefined.Error(),
            _ => null,
        };
        return number is { } parsed ? new FloatValue(parsed) : defaultValue;
    }

    public static Value Round(Value value, CallArguments arguments)
    {
        Value?[] values = arguments.Bind("precision", "method");
        int precision = CallArguments.Integer(values[0], "precision") ?? 0;
        string method = values[1] is null ? "common" : CallArguments.String(values[1], "method").Text;
        if (method is not ("common" or "ceil" or "floor"))
            throw new TemplateException("method must be common, ceil or floor");
        if (value is UndefinedValue undefined)
            throw undefined.Error();
        if (value is not NumberValue number)
            throw new TemplateException($"type {value.TypeName} doesn't define __round__ method");
        if (Math.Abs(precision) > 300)
            throw PythonNumbers.TooLarge();
        if (method != "common")
            return RoundTowards(number, precision, method == "ceil");
        if (number is IntegerValue integer)
            return precision >= 0 ? new IntegerValue(integer.Number) : RoundInteger(integer.Number, -precision);
        double given = number.ToDouble();
        if (!double.IsFinite(given))
            return number;
        BigInteger scaled = PythonNumbers.Scale(given, precision);
        double rounded = double.Parse($"{scaled}E{-precision}", NumberStyles.Float, CultureInfo.InvariantCulture);
        return new FloatValue(rounded == 0 ? Math.CopySign(0, given) : rounded);
    }

    private static FloatValue RoundTowards(NumberValue number, int precision, bool up)
    {
        double factor = Math.Pow(10, precision), scaled = number.ToDouble() * factor;
        return new FloatValue((up ? Math.Ceiling(scaled) : Math.Floor(scaled)) / factor);
    }

    private static IntegerValue RoundInteger(BigInteger number, int places)
    {
        BigInteger unit = BigInteger.Pow(10, places);
        BigInteger quotient = BigInteger.DivRem(BigInteger.Abs(number), unit, out BigInteger rest);
        int half = (rest * 2).CompareTo(unit);
        if (half > 0 || (half == 0 && !quotient.IsEven))
            quotient++;
        return new IntegerValue(quotient * unit * number.Sign);
    }

    // Returns a value outside 2 to 36 for a base that Python's int() rejects. The filter does not fail then: it parses the string as a float.
    private static int RadixOf(Value? value) => value is null ? 10 : value is IntegerValue radix ? (int)BigInteger.Clamp(radix.Number, -1, 37) : -1;

    private static BigInteger? ParseInteger(string text, int radix)
    {
        string digits = StripSpace(text).ToLowerInvariant();
        bool negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+'))
            digits = digits[1..];
        int prefixed = digits switch { ['0', 'x', ..] => 16, ['0', 'o', ..] => 8, ['0', 'b', ..] => 2, _ => 0 };
        if (prefixed != 0 && (radix == prefixed || radix == 0))
        {
            radix = prefixed;
            digits = digits[2..].TrimStart('_');
        }
        if (radix == 0)
            radix = 10;
        if (radix is < 2 or > 36 || digits.Length is 0 or > 4300 || digits[0] == '_' || digits[^1] == '_' || digits.Contains("__", StringComparison.Ordinal))
            return null;
        BigInteger number = 0;
        foreach (char character in digits)
        {
            if (character == '_')
                continue;
            int digit = char.IsAsciiLetter(character) ? character - 'a' + 10 : (int)CharUnicodeInfo.GetDecimalDigitValue(character);
            if (digit < 0 || digit >= radix)
                return null;
            number = (number * radix) + digit;
        }
        return negative ? -number : number;
    }

    private static double? ParseFloat(string text)
    {
        string number = StripSpace(text);
        switch (number.ToLowerInvariant().TrimStart('+', '-'))
        {
            case "inf" or "infinity":
                return number[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
            case "nan":
                return double.NaN;
        }
        if (number.Length == 0 || number[0] == '_' || number[^1] == '_' || number.Contains("__", StringComparison.Ordinal)
            || number.AsSpan().ContainsAnyExcept(_floatCharacters))
        {
            return null;
        }
        return double.TryParse(number.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed)
            ? parsed
            : null;
    }

    private static string StripSpace(string text) => PythonStrings.Strip(StringValue.FromTemplate(text), null, true, true).Text;
}

using System.Globalization;
using System.Numerics;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>Python's arithmetic and number formatting.</summary>
internal static class PythonNumbers
{
    // The maximum size of an integer, about 4,900 digits. Python does not print integers of more than 4,300 digits. Chat templates need far fewer.
    private const int MaxBits = 16 * 1024;

    /// <summary>Returns a negative value if left &lt; right, 0 if they are equal, and a positive value if left &gt; right; null if one is NaN.</summary>
    public static int? Compare(NumberValue left, NumberValue right)
    {
        if (left is IntegerValue a && right is IntegerValue b)
            return a.Number.CompareTo(b.Number);
        double x = left.ToDouble(), y = right.ToDouble();
        if (double.IsNaN(x) || double.IsNaN(y))
            return null;
        if (left is FloatValue && double.IsInfinity(x) && right is IntegerValue)
            return Math.Sign(x);
        if (right is FloatValue && double.IsInfinity(y) && left is IntegerValue)
            return -Math.Sign(y);
        if (left is IntegerValue whole && double.IsInteger(y))
            return whole.Number.CompareTo(new BigInteger(y));
        return right is IntegerValue other && double.IsInteger(x) ? new BigInteger(x).CompareTo(other.Number) : x.CompareTo(y);
    }

    public static NumberValue Add(NumberValue left, NumberValue right) => left is IntegerValue a && right is IntegerValue b
        ? Bounded(a.Number + b.Number) : new FloatValue(Real(left) + Real(right));

    public static NumberValue Subtract(NumberValue left, NumberValue right) => left is IntegerValue a && right is IntegerValue b
        ? Bounded(a.Number - b.Number) : new FloatValue(Real(left) - Real(right));

    public static NumberValue Multiply(NumberValue left, NumberValue right) => left is IntegerValue a && right is IntegerValue b
        ? Bounded(a.Number * b.Number) : new FloatValue(Real(left) * Real(right));

    public static NumberValue Divide(NumberValue left, NumberValue right)
    {
        ThrowIfZero(right, "division by zero");
        double quotient = Real(left) / Real(right);
        return new FloatValue(quotient);
    }

    public static NumberValue FloorDivide(NumberValue left, NumberValue right)
    {
        ThrowIfZero(right, "integer division or modulo by zero");
        if (left is IntegerValue a && right is IntegerValue b)
            return new IntegerValue((a.Number - FloorModulo(a.Number, b.Number)) / b.Number);
        double x = left.ToDouble(), y = right.ToDouble();
        double quotient = (x - FloorModulo(x, y)) / y;
        double floor = Math.Floor(quotient);
        return new FloatValue(quotient - floor > 0.5 ? floor + 1 : floor);
    }

    public static NumberValue Modulo(NumberValue left, NumberValue right)
    {
        ThrowIfZero(right, "integer modulo by zero");
        return left is IntegerValue a && right is IntegerValue b
            ? new IntegerValue(FloorModulo(a.Number, b.Number))
            : new FloatValue(FloorModulo(left.ToDouble(), right.ToDouble()));
    }

    public static NumberValue Power(NumberValue left, NumberValue right)
    {
        if (left is IntegerValue a && right is IntegerValue b && b.Number.Sign >= 0)
        {
            if (BigInteger.Abs(a.Number) <= 1)
                return new IntegerValue(b.Number.IsZero ? 1 : a.Number.Sign < 0 && b.Number.IsEven ? 1 : a.Number);
            if (b.Number > MaxBits || a.Number.GetBitLength() * (long)b.Number > MaxBits)
                throw TooLarge();
            return new IntegerValue(BigInteger.Pow(a.Number, (int)b.Number));
        }
        double x = left.ToDouble(), y = right.ToDouble();
        if (x == 0 && y < 0)
            throw new TemplateException("zero to a negative power");
        double power = Math.Pow(x, y);
        if (double.IsNaN(power) && !double.IsNaN(x) && !double.IsNaN(y))
            throw new TemplateException("complex numbers are not supported");
        if (double.IsInfinity(power) && double.IsFinite(x) && double.IsFinite(y))
            throw new TemplateException("numerical result out of range");
        return new FloatValue(power);
    }

    public static NumberValue Negate(NumberValue value) =>
        value is IntegerValue integer ? new IntegerValue(-integer.Number) : new FloatValue(-value.ToDouble());

    public static string Format(BigInteger number) => number.GetBitLength() > MaxBits
        ? throw TooLarge()
        : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns the shortest decimal number that parses to the same double, in the format of Python's <c>repr</c>.</summary>
    public static string Format(double number)
    {
        if (!double.IsFinite(number))
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        string scientific = number.ToString("E16", CultureInfo.InvariantCulture);
        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        string sign = double.IsNegative(number) ? "-" : "";
        string digits = DigitsOf(shortest);
        int exponent = number == 0 ? 0 : ExponentOf(shortest, scientific);
        if (exponent is < -4 or >= 16)
        {
            string mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        return digits.Length <= exponent + 1
            ? $"{sign}{digits.PadRight(exponent + 1, '0')}.0"
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary>Returns <paramref name="number"/> × 10^<paramref name="places"/>, computed exactly and rounded half to even. The number is finite.</summary>
    public static BigInteger Scale(double number, int places)
    {
        long bits = BitConverter.DoubleToInt64Bits(number);
        int exponent = (int)((bits >> 52) & 0x7FF);
        BigInteger numerator = bits & 0xFFFFFFFFFFFFF;
        if (exponent == 0)
            exponent++;
        else
            numerator |= 1L << 52;
        exponent -= 1075;
        BigInteger denominator = 1;
        if (exponent >= 0)
            numerator <<= exponent;
        else
            denominator <<= -exponent;
        if (places >= 0)
            numerator *= BigInteger.Pow(10, places);
        else
            denominator *= BigInteger.Pow(10, -places);
        BigInteger quotient = BigInteger.DivRem(numerator, denominator, out BigInteger rest);
        int half = (rest * 2).CompareTo(denominator);
        if (half > 0 || (half == 0 && !quotient.IsEven))
            quotient++;
        return bits < 0 ? -quotient : quotient;
    }

    public static TemplateException TooLarge() => new("a number of the chat template is too large");

    /// <summary>Converts a number to a double.</summary>
    /// <exception cref="TemplateException">The integer exceeds the range of a double.</exception>
    private static double Real(NumberValue number)
    {
        double value = number.ToDouble();
        return number is IntegerValue && double.IsInfinity(value)
            ? throw new TemplateException("int too large to convert to float")
            : value;
    }

    private static BigInteger FloorModulo(BigInteger left, BigInteger right)
    {
        BigInteger rest = BigInteger.Remainder(left, right);
        return rest.Sign != 0 && rest.Sign != right.Sign ? rest + right : rest;
    }

    private static double FloorModulo(double left, double right)
    {
        double rest = left % right;
        return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest == 0 ? Math.CopySign(0, right) : rest;
    }

    private static IntegerValue Bounded(BigInteger number) => number.GetBitLength() > MaxBits ? throw TooLarge() : new IntegerValue(number);

    private static void ThrowIfZero(NumberValue number, string message)
    {
        if (number.ToDouble() == 0)
            throw new TemplateException(message);
    }

    private static string DigitsOf(string number)
    {
        int end = number.IndexOf('E', StringComparison.Ordinal);
        string mantissa = (end < 0 ? number : number[..end]).Replace("-", "", StringComparison.Ordinal)
            .Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        return mantissa.Length == 0 ? "0" : mantissa;
    }

    // Returns the exponent of the number in scientific notation. It is taken from the shortest form if possible, because rounding to this form may increase it.
    private static int ExponentOf(string shortest, string scientific)
    {
        int at = shortest.IndexOf('E', StringComparison.Ordinal);
        if (at >= 0)
            return int.Parse(shortest.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string plain = shortest.TrimStart('-');
        int point = plain.IndexOf('.', StringComparison.Ordinal);
        string whole = point < 0 ? plain : plain[..point];
        if (whole != "0")
            return whole.Length - 1;
        return int.Parse(scientific.AsSpan(scientific.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }
}

using System.Globalization;

namespace RkLlama.Output.Constraints;

/// <summary>A place in a number.</summary>
/// <param name="text">The number so far.</param>
internal sealed class NumberFrame(NumberNode node, Frame parent, string text = "", NumberFrame.Part part = NumberFrame.Part.Start) : Frame(parent)
{
    private const int MaxLength = 40;

    internal enum Part
    {
        Start,
        Sign,
        Zero,
        Integer,
        Point,
        Fraction,
        Exponent,
        ExponentSign,
        ExponentDigits,
    }

    internal NumberNode Node => node;

    /// <summary>Whether the number may end here.</summary>
    internal bool IsComplete =>
        part is Part.Zero or Part.Integer or Part.Fraction or Part.ExponentDigits
        && (!node.HasBounds || (double.Parse(text, CultureInfo.InvariantCulture) is var value && value >= node.Min && value <= node.Max));

    internal override bool CanEnd => IsComplete && Parent!.CanEnd;

    // A zero may turn out to stand in front of other digits, and an integer to be written as 1e5 or 41.6.
    internal override bool IsTentative => node.HasBounds || node.IsInteger || part == Part.Zero;

    internal override IEnumerable<string> Openings => IsComplete ? Parent!.Openings : ["0"];

    internal override void Step(char c, List<Frame> next)
    {
        if (text.Length < MaxLength && PartAfter(c) is { } after)
            next.Add(new NumberFrame(node, Parent!, text + c, after));
        else if (IsComplete)
            Parent!.Step(c, next);
    }

    /// <summary>Returns the number of the node that is closest to a value, as JSON.</summary>
    internal static string Nearest(NumberNode node, double value)
    {
        double min = node.IsInteger ? Math.Ceiling(node.Min) : node.Min, max = node.IsInteger ? Math.Floor(node.Max) : node.Max;
        double near = Math.Min(max, Math.Max(min, node.IsInteger ? Math.Round(value) : value));
        return near is > -1e15 and < 1e15 && near == Math.Floor(near) ? ((long)near).ToString(CultureInfo.InvariantCulture) : near.ToString("R", CultureInfo.InvariantCulture);
    }

    private Part? PartAfter(char c) => (part, c) switch
    {
        (Part.Start, '-') => Part.Sign,
        (Part.Start or Part.Sign, '0') => Part.Zero,
        (Part.Start or Part.Sign or Part.Integer, _) when char.IsAsciiDigit(c) => Part.Integer,
        (Part.Zero or Part.Integer, '.') when !node.IsInteger => Part.Point,
        (Part.Zero or Part.Integer or Part.Fraction, 'e' or 'E') when !node.IsInteger => Part.Exponent,
        (Part.Point or Part.Fraction, _) when char.IsAsciiDigit(c) => Part.Fraction,
        (Part.Exponent, '+' or '-') => Part.ExponentSign,
        (Part.Exponent or Part.ExponentSign or Part.ExponentDigits, _) when char.IsAsciiDigit(c) => Part.ExponentDigits,
        _ => null,
    };
}

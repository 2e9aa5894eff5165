namespace RkLlama.Output.Patterns;

/// <summary>A pattern cannot be used. The message completes the sentence "the pattern …".</summary>
internal sealed class PatternException(string message) : Exception(message)
{
    internal static PatternException Invalid() => new("is no regular expression");

    internal static PatternException Unsupported() => new("uses a lookaround, a backreference, an atomic group or a condition, which are not supported");
}

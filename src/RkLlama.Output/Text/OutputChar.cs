namespace RkLlama.Output.Text;

/// <summary>One character of the model's output.</summary>
/// <param name="IsSpecial">Whether the character belongs to a special token. Such a character may be part of a tag or marker, but is never content.</param>
internal readonly record struct OutputChar(char Value, bool IsSpecial)
{
    internal bool IsWhiteSpace => char.IsWhiteSpace(Value);
}

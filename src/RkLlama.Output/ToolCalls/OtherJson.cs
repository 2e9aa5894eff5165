using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls;

/// <summary>Follows JSON that is not a call up to its end. No call without a mark can start inside of it.</summary>
internal sealed class OtherJson
{
    private PartialJsonScanner? _scanner;

    internal bool IsOpen => _scanner is not null;

    internal void Clear() => _scanner = null;

    /// <summary>Processes a text that a parser has rejected.</summary>
    /// <param name="json">The JSON at the end of the text that is not complete; null if there is none. If the text is inside of other JSON, it is ignored.</param>
    internal void Add(ReadOnlySpan<OutputChar> text, PartialJsonScanner? json)
    {
        foreach (OutputChar c in text)
        {
            if (IsOpen && !c.IsSpecial)
                Follow(c.Value);
        }

        _scanner ??= json;
    }

    /// <summary>Returns whether the character belongs to the JSON.</summary>
    internal bool Follow(char c)
    {
        if (_scanner is null)
            return false;
        JsonScanStatus status = _scanner.Feed(c);
        if (status is JsonScanStatus.Complete or JsonScanStatus.Invalid)
            _scanner = null;
        return status != JsonScanStatus.Invalid;
    }
}

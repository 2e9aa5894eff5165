using System.Runtime.InteropServices;

namespace RkLlama.Output.Text;

/// <summary>Text that a stage of the pipeline holds back until it is known what the text is.</summary>
internal sealed class HeldText
{
    private readonly List<OutputChar> _chars = [];

    internal int Length => _chars.Count;

    /// <summary>Whether the text has a character that belongs to no special token.</summary>
    internal bool HasText => _chars.Exists(static c => !c.IsSpecial);

    internal bool HasDigit => _chars.Exists(static c => char.IsAsciiDigit(c.Value));

    internal bool EndsWithDigit => _chars is [.., { Value: >= '0' and <= '9' }];

    internal string Text => string.Concat(_chars.Select(static c => c.Value));

    internal void Append(OutputChar c) => _chars.Add(c);

    internal void Append(ReadOnlySpan<OutputChar> text) => _chars.AddRange(text);

    internal void Clear() => _chars.Clear();

    /// <summary>Removes the text and returns it.</summary>
    internal OutputChar[] Take()
    {
        if (_chars.Count == 0)
            return [];
        OutputChar[] text = [.. _chars];
        _chars.Clear();
        return text;
    }

    /// <summary>Removes the text and passes it on.</summary>
    internal void ReleaseTo(Action<OutputChar> target)
    {
        foreach (OutputChar c in Take())
            target(c);
    }

    /// <summary>Removes the last characters and returns them.</summary>
    internal OutputChar[] TakeLast(int count)
    {
        if (count == 0)
            return [];
        OutputChar[] text = CollectionsMarshal.AsSpan(_chars)[^count..].ToArray();
        _chars.RemoveRange(_chars.Count - count, count);
        return text;
    }
}

using System.Collections;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>A list of texts. Two lists with the same texts in the same order are equal. Immutable.</summary>
internal sealed class TextList(params IReadOnlyList<string> texts) : IReadOnlyList<string>, IEquatable<TextList>
{
    public static readonly TextList Empty = new();

    public int Count => texts.Count;

    public string this[int index] => texts[index];

    /// <summary>Returns a list with one more text at its end.</summary>
    public TextList Add(string text) => new([.. texts, text]);

    public bool Equals(TextList? other) => other is not null && texts.SequenceEqual(other, StringComparer.Ordinal);

    public override bool Equals(object? obj) => Equals(obj as TextList);

    public override int GetHashCode() => texts.Count == 0 ? 0 : texts[0].GetHashCode(StringComparison.Ordinal);

    public IEnumerator<string> GetEnumerator() => texts.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

using System.Globalization;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// The JSON pointer to the part of a document that is checked at the moment. The text is built only for a message, because a document may have many parts and
/// long names. Not thread-safe.
/// </summary>
/// <param name="root">The text in front of the pointer: # for a schema, nothing for a value.</param>
internal sealed class JsonPointer(string root)
{
    // Longer names, and the middle of longer pointers, are left out of the text.
    private const int MaxNameLength = 60;
    private const int MaxLength = 120;

    private readonly List<(string? Name, int Index)> _parts = [];

    /// <summary>Goes to a member of the current object. <see cref="Leave"/> goes back.</summary>
    internal void Enter(string name) => _parts.Add((name, 0));

    /// <summary>Goes to an item of the current array. <see cref="Leave"/> goes back.</summary>
    internal void Enter(int index) => _parts.Add((null, index));

    internal void Leave() => _parts.RemoveAt(_parts.Count - 1);

    public override string ToString()
    {
        string end = "";
        for (int i = _parts.Count - 1; i >= 0; i--)
        {
            string part = "/" + TextOf(_parts[i]);
            if (part.Length + end.Length > MaxLength)
                return $"{root}/…{end}";
            end = part + end;
        }

        return root + end;
    }

    private static string TextOf((string? Name, int Index) part) => part.Name switch
    {
        null => part.Index.ToString(CultureInfo.InvariantCulture),
        { Length: <= MaxNameLength } name => name,
        { } name => string.Concat(name.AsSpan(0, char.IsHighSurrogate(name[MaxNameLength - 1]) ? MaxNameLength - 1 : MaxNameLength), "…"),
    };
}

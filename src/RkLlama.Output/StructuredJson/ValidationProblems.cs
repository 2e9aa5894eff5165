namespace RkLlama.Output.StructuredJson;

/// <summary>Collects the problems of one validation, but only the first five.</summary>
internal sealed class ValidationProblems
{
    private const int MaxCount = 5;

    private readonly List<string> _texts = [];

    internal IReadOnlyList<string> Texts => _texts;

    /// <summary>The value that is checked at the moment.</summary>
    internal JsonPointer At { get; } = new("");

    /// <summary>Whether <see cref="Add"/> records nothing. True while the validator only tests whether a value matches a schema.</summary>
    internal bool IsMuted { get; set; }

    /// <param name="problem">The rest of a sentence whose subject is the value, such as "must be an object".</param>
    /// <returns>Always false, so that a check can return the result of this call.</returns>
    internal bool Add(string problem)
    {
        if (!IsMuted && _texts.Count < MaxCount)
            _texts.Add($"{(At.ToString() is { Length: > 0 } at ? at : "the value")} {problem}");
        return false;
    }
}

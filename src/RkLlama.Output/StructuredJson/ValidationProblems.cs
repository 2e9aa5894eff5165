namespace RkLlama.Output.StructuredJson;

/// <summary>Collects the problems of a value, up to a limit.</summary>
internal sealed class ValidationProblems
{
    private const int MaxCount = 5;

    private readonly List<string> _texts = [];

    internal IReadOnlyList<string> Texts => _texts;

    /// <summary>While true, <see cref="Add"/> records nothing. Set while an alternative is tried.</summary>
    internal bool IsMuted { get; set; }

    /// <param name="at">JSON pointer to the value; empty for the root.</param>
    /// <returns>Always false: the result of the failed check.</returns>
    internal bool Add(string at, string problem)
    {
        if (!IsMuted && _texts.Count < MaxCount)
            _texts.Add($"{(at.Length == 0 ? "the value" : at)} {problem}");
        return false;
    }
}

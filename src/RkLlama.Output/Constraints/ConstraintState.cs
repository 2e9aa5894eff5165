using RkLlama.Output.Text;

namespace RkLlama.Output.Constraints;

/// <summary>
/// The state of the automaton that reads a JSON document of a known form, one character at a time. It is at several places at the same time if alternatives of
/// the schema begin in the same way. Immutable, so that one can go back to an earlier state.
/// </summary>
internal sealed class ConstraintState
{
    /// <summary>The maximum number of objects and arrays around a value.</summary>
    internal const int MaxDepth = JsonLimits.MaxDepth - 1;

    // More places than this are not followed. A schema needs them only if it has many alternatives that do not differ.
    private const int MaxPlaces = 64;

    private readonly IReadOnlyList<Frame> _places;

    private ConstraintState(IReadOnlyList<Frame> places) => _places = places;

    /// <summary>The places, at least one. The first one is that of the first alternative.</summary>
    internal IReadOnlyList<Frame> Places => _places;

    /// <summary>Whether the document may end here.</summary>
    internal bool CanEnd => _places.Any(static place => place.CanEnd);

    /// <summary>Whether the document has ended, so that only white space may follow.</summary>
    internal bool IsComplete => _places.All(static place => place is EndFrame);

    /// <inheritdoc cref="Frame.IsTentative"/>
    internal bool IsTentative => _places.Any(static place => place.IsTentative);

    /// <summary>Returns the state before a document.</summary>
    internal static ConstraintState Before(ValueNode root) => new([new ValueFrame(root, new EndFrame())]);

    /// <summary>Returns the state after a character; <see langword="null"/> if the character is not allowed here.</summary>
    internal ConstraintState? Step(char c)
    {
        List<Frame> next = new(_places.Count);
        foreach (Frame place in _places)
        {
            place.Step(c, next);
            if (next.Count >= MaxPlaces)
                break;
        }

        return next.Count == 0 ? null : new(next);
    }

    /// <summary>Returns the state after a text; <see langword="null"/> if a part of it is not allowed here.</summary>
    internal ConstraintState? Step(string text)
    {
        ConstraintState? state = this;
        for (int i = 0; i < text.Length && state is not null; i++)
            state = state.Step(text[i]);
        return state;
    }
}

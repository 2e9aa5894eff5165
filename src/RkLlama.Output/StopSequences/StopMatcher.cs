namespace RkLlama.Output.StopSequences;

/// <summary>
/// Ends a text before the first of its stop sequences. Takes the text character by character and holds back only what may begin one.
/// Of several, the one that begins first in the text counts, though another may be complete before it.
/// </summary>
internal sealed class StopMatcher(IReadOnlyList<string> stops, Action<char> visible)
{
    private readonly StopAutomaton _automaton = new(stops);
    private readonly Queue<char> _held = new();
    private int _state;

    // The best match so far, while a sequence that began before it may still become complete: where it begins in what is held.
    private int _matchStart = -1;
    private string? _match;

    /// <summary>The sequence that ended the text; null while none did.</summary>
    internal string? Met { get; private set; }

    internal void Take(char c)
    {
        if (Met is not null)
            return;
        _held.Enqueue(c);
        _state = _automaton.Next(_state, c);
        if (_automaton.Longest(_state) is { } found && (_match is null || _held.Count - found.Length < _matchStart))
        {
            _match = found;
            _matchStart = _held.Count - found.Length;
        }

        int undecided = _automaton.Depth(_state);
        if (_match is not null && _held.Count - undecided >= _matchStart)
            Stop();
        else
            Show(_held.Count - undecided);
    }

    /// <summary>The text ends here, or is interrupted: what was held back is decided.</summary>
    internal void Break()
    {
        if (Met is not null)
            return;
        if (_match is not null)
            Stop();
        else
            Show(_held.Count);
        _state = 0;
    }

    private void Stop()
    {
        Show(_matchStart);
        _held.Clear();
        Met = _match;
    }

    private void Show(int count)
    {
        if (_match is not null)
            _matchStart -= count;
        while (count-- > 0)
            visible(_held.Dequeue());
    }
}

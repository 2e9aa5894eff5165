using RkLlama.Output.Text;

namespace RkLlama.Output.StopSequences;

/// <summary>
/// Passes on a text up to its first stop sequence and drops the rest. Processes one character at a time. Holds back only text that may be the start of a
/// sequence. If several sequences match, the one that starts first counts, even if another one is complete earlier.
/// </summary>
/// <param name="sequences">The stop sequences. Empty ones are ignored.</param>
/// <param name="onText">Receives each character before the stop sequence.</param>
internal sealed class StopSequenceMatcher(IReadOnlyList<string> sequences, Action<OutputChar> onText)
{
    private readonly Automaton _automaton = new(sequences);
    private readonly Queue<OutputChar> _held = new();
    private int _state;

    // Of the sequences that are complete, the one that starts first, and the index of its start in the held text; null and -1 if none is complete. Another
    // sequence that starts earlier may still become complete.
    private int _matchStart = -1;
    private string? _match;

    /// <summary>The sequence that ended the text; null if none has.</summary>
    internal string? Found { get; private set; }

    internal void Feed(OutputChar c)
    {
        if (Found is not null)
            return;
        if (_automaton.IsEmpty)
        {
            onText(c);
            return;
        }

        _held.Enqueue(c);
        _state = _automaton.Next(_state, c.Value);
        if (_automaton.LongestMatch(_state) is { } found && (_match is null || _held.Count - found.Length < _matchStart))
        {
            _match = found;
            _matchStart = _held.Count - found.Length;
        }

        int undecided = _automaton.Depth(_state);
        if (_match is not null && _held.Count - undecided >= _matchStart)
            Stop();
        else
            Release(_held.Count - undecided);
    }

    /// <summary>
    /// Called at the end of the text, and where a tool call interrupts the text. If a sequence is complete, the text ends before it. Otherwise passes on
    /// the held text.
    /// </summary>
    internal void Flush()
    {
        if (Found is not null)
            return;
        if (_match is not null)
            Stop();
        else
            Release(_held.Count);
        _state = 0;
    }

    private void Stop()
    {
        Release(_matchStart);
        _held.Clear();
        Found = _match;
    }

    private void Release(int count)
    {
        if (_match is not null)
            _matchStart -= count;
        while (count-- > 0)
            onText(_held.Dequeue());
    }

    /// <summary>
    /// An Aho-Corasick automaton: finds all sequences in one pass, in time linear in the length of the text. A state represents the longest suffix of the
    /// text that is a prefix of a sequence. State 0 represents the empty suffix.
    /// </summary>
    private sealed class Automaton
    {
        private readonly Dictionary<(int State, char Next), int> _edges = [];
        private readonly List<Node> _nodes = [new(0)];

        internal Automaton(IReadOnlyList<string> sequences)
        {
            foreach (string sequence in sequences.Where(static sequence => sequence.Length > 0))
                Add(sequence);
            Link();
        }

        /// <summary>Whether there are no sequences.</summary>
        internal bool IsEmpty => _nodes.Count == 1;

        /// <summary>Returns the number of characters at the end of the text that may be the start of a sequence.</summary>
        internal int Depth(int state) => _nodes[state].Depth;

        /// <summary>Returns the longest sequence that the text ends with; null if it ends with none.</summary>
        internal string? LongestMatch(int state) => _nodes[state].Match;

        internal int Next(int state, char c)
        {
            int next;
            while (!_edges.TryGetValue((state, c), out next))
            {
                if (state == 0)
                    return 0;
                state = _nodes[state].Fallback;
            }

            return next;
        }

        private void Add(string sequence)
        {
            int state = 0;
            foreach (char c in sequence)
            {
                if (!_edges.TryGetValue((state, c), out int next))
                {
                    next = _nodes.Count;
                    _nodes.Add(new(_nodes[state].Depth + 1));
                    _edges.Add((state, c), next);
                }

                state = next;
            }

            _nodes[state].Match = sequence;
        }

        /// <summary>
        /// Sets the fallback of each state: the state of the next shorter suffix that is a prefix of a sequence. Processes the states in order of depth,
        /// because the fallback of a state has a smaller depth and must be complete first.
        /// </summary>
        private void Link()
        {
            foreach (((int parent, char c), int state) in _edges.OrderBy(edge => _nodes[edge.Value].Depth))
            {
                Node node = _nodes[state];
                node.Fallback = parent == 0 ? 0 : Next(_nodes[parent].Fallback, c);
                node.Match ??= _nodes[node.Fallback].Match;
            }
        }

        private sealed class Node(int depth)
        {
            internal int Depth { get; } = depth;

            internal int Fallback { get; set; }

            internal string? Match { get; set; }
        }
    }
}

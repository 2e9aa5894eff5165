namespace RkLlama.Output.StopSequences;

/// <summary>
/// All stop sequences at once (Aho and Corasick): a state is the longest end of the text that begins a sequence, so that a text of any
/// length costs time in proportion to its length, whatever the sequences.
/// </summary>
internal sealed class StopAutomaton
{
    private readonly Dictionary<(int State, char Next), int> _edges = [];
    private readonly List<Node> _nodes = [new(0)];

    internal StopAutomaton(IReadOnlyList<string> stops)
    {
        foreach (string stop in stops.Where(stop => stop.Length > 0))
            Add(stop);
        Link();
    }

    /// <summary>Characters at the end of the text that may be the beginning of a sequence.</summary>
    internal int Depth(int state) => _nodes[state].Depth;

    /// <summary>The longest sequence that the text ends with; null for none.</summary>
    internal string? Longest(int state) => _nodes[state].Found;

    internal int Next(int state, char c)
    {
        int next;
        while (!_edges.TryGetValue((state, c), out next))
        {
            if (state == 0)
                return 0;
            state = _nodes[state].Shorter;
        }

        return next;
    }

    private void Add(string stop)
    {
        int state = 0;
        foreach (char c in stop)
        {
            if (!_edges.TryGetValue((state, c), out int next))
            {
                next = _nodes.Count;
                _nodes.Add(new(_nodes[state].Depth + 1));
                _edges.Add((state, c), next);
            }

            state = next;
        }

        _nodes[state].Found = stop;
    }

    /// <summary>Gives each state the next shorter end of the text that also begins a sequence; shorter states first.</summary>
    private void Link()
    {
        foreach (((int parent, char c), int state) in _edges.OrderBy(edge => _nodes[edge.Value].Depth))
        {
            Node node = _nodes[state];
            node.Shorter = parent == 0 ? 0 : Next(_nodes[parent].Shorter, c);
            node.Found ??= _nodes[node.Shorter].Found;
        }
    }

    private sealed class Node(int depth)
    {
        internal int Depth { get; } = depth;

        internal int Shorter { get; set; }

        internal string? Found { get; set; }
    }
}

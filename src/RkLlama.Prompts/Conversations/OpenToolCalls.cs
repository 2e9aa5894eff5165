namespace RkLlama.Prompts.Conversations;

/// <summary>The tool calls of one assistant message that have no result yet. Finds the call that a result answers.</summary>
internal sealed class OpenToolCalls
{
    private readonly Dictionary<string, int> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Queue<int>> _byName = new(StringComparer.Ordinal);
    private readonly Queue<int> _inOrder = [];
    private readonly HashSet<int> _answered = [];

    public OpenToolCalls(IReadOnlyList<ToolCall> calls)
    {
        foreach ((int index, ToolCall call) in calls.Index())
        {
            if (call.Id is { Length: > 0 } id)
                _byId.TryAdd(id, index);
            if (!_byName.TryGetValue(call.Name, out Queue<int>? same))
                _byName[call.Name] = same = [];
            same.Enqueue(index);
            _inOrder.Enqueue(index);
        }
    }

    /// <summary>
    /// Returns the index of the call that a result answers: the call with its id. If the result has no id, the first open call of the same function; if there
    /// is none, the first open call. Null if no call matches. All calls of this method together take linear time.
    /// </summary>
    public int? Answer(ChatMessage result)
    {
        int? index = result.ToolCallId is { Length: > 0 } id
            ? _byId.TryGetValue(id, out int known) ? known : null
            : (result.Name is { } name && _byName.TryGetValue(name, out Queue<int>? same) ? Next(same) : null) ?? Next(_inOrder);
        if (index is { } answered)
            _answered.Add(answered);
        return index;
    }

    private int? Next(Queue<int> calls)
    {
        while (calls.TryDequeue(out int index))
        {
            if (!_answered.Contains(index))
                return index;
        }

        return null;
    }
}

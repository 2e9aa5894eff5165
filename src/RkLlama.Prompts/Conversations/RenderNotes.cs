namespace RkLlama.Prompts.Conversations;

/// <summary>What a template did with one conversation. Filled by the rendering.</summary>
internal sealed class RenderNotes
{
    private readonly List<string> _repairs = [];

    /// <summary>The names of the repairs that changed the conversation.</summary>
    public IReadOnlyList<string> Repairs => _repairs;

    /// <summary>Whether the prompt lacks text of the conversation, because no repair keeps it.</summary>
    public bool IsIncomplete { get; private set; }

    public void Add(IReadOnlyList<string> repairs, bool isComplete)
    {
        _repairs.AddRange(repairs);
        IsIncomplete |= !isComplete;
    }
}

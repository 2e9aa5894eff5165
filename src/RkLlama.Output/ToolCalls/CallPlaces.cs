namespace RkLlama.Output.ToolCalls;

/// <summary>Where in a text a tool call may be.</summary>
internal enum CallPlaces
{
    /// <summary>After a mark anywhere, and without a mark where no other text can be meant.</summary>
    Any,

    /// <summary>Only as the rest of the text, with a mark or without one.</summary>
    End,

    /// <summary>Only after a mark.</summary>
    Marks,
}

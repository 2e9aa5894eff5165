namespace RkLlama.Output.ToolCalls.Families;

/// <summary>Where a block of calls without a mark starts. The place shows how sure it is that a text is a call.</summary>
internal enum BlockPlace
{
    /// <summary>At the start of the answer.</summary>
    Start,

    /// <summary>At the start of another line.</summary>
    Line,

    /// <summary>After other text on the line. Only JSON counts here.</summary>
    Text,
}

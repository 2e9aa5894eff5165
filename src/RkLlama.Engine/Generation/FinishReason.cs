namespace RkLlama.Engine.Generation;

/// <summary>Why a generation ended. Each API has its own text for each value.</summary>
internal enum FinishReason
{
    /// <summary>The model ended the generation, or a stop sequence occurred.</summary>
    Stop,

    /// <summary>
    /// The generation reached its maximum number of tokens, or the server ended it early, because of a repetition or because of the thinking budget.
    /// </summary>
    Length,

    /// <summary>The output contains tool calls.</summary>
    ToolCalls,
}

namespace RkLlama.Engine.Generation;

/// <summary>Why an answer ended. API writers turn it into the words of their API.</summary>
internal enum FinishReason
{
    /// <summary>The model was done, or a stop sequence was met.</summary>
    Stop,

    /// <summary>The answer reached its bound in tokens, or was cut.</summary>
    Length,

    /// <summary>The answer calls tools.</summary>
    ToolCalls,
}

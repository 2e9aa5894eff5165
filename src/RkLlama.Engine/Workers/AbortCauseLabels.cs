using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Workers;

internal static class AbortCauseLabels
{
    /// <summary>Returns the value of the label <c>cause</c> in the metric <c>rkllama_aborts_total</c>.</summary>
    internal static string MetricLabel(this AbortCause cause) => cause switch
    {
        AbortCause.ClientDisconnected => AbortLabel.ClientDisconnected,
        AbortCause.Unloaded => AbortLabel.Unloaded,
        AbortCause.Length => AbortLabel.Length,
        AbortCause.StopSequence => AbortLabel.StopSequence,
        AbortCause.EndToken => AbortLabel.EndToken,
        AbortCause.Repetition => AbortLabel.Repetition,
        AbortCause.ThinkingBudget => AbortLabel.ThinkingBudget,
        AbortCause.GivesWay => AbortLabel.GivesWay,
        AbortCause.Correction => AbortLabel.Correction,
        AbortCause.Complete => AbortLabel.Complete,
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, null),
    };
}

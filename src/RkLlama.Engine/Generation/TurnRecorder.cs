using RkLlama.Engine.Metrics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

/// <summary>Records each turn of a generation: in the metrics, and with one log line. Any thread.</summary>
internal sealed partial class TurnRecorder(NodeMetrics metrics, MeasuredSpeeds? speeds, ILogger<GenerationService> logger)
{
    /// <summary>Records the pace of a model after a turn.</summary>
    internal void RecordPace(ModelInstance model) => speeds?.Record(model);

    internal void RecordAbort(AbortCause cause) => metrics.RecordAbort(cause.MetricLabel());

    /// <param name="end">The end of the last run.</param>
    /// <param name="cause">Why the server aborted the last run; <see langword="null"/> if it did not.</param>
    internal void Record(GenerationStatistics statistics, RunEnd end, AbortCause? cause, string requestId)
    {
        metrics.RecordGeneration(statistics.ToSample());
        Log.Finished(
            logger,
            statistics.Model,
            statistics.PromptTokens,
            statistics.CachedTokens,
            statistics.OutputTokens,
            (long)statistics.Timings.Queue.TotalMilliseconds,
            (long)statistics.Timings.Load.TotalMilliseconds,
            (long)(statistics.ToFirstToken ?? statistics.Timings.Total).TotalMilliseconds,
            statistics.DecodeRate ?? 0,
            Describe(end, cause),
            requestId);
    }

    /// <summary>Logs that the token ids of a model are not those of its tokenizer. Called once per load of the model.</summary>
    /// <param name="tokenId">The token at which the difference was found.</param>
    internal void RecordDifference(string model, int tokenId) => Log.IdsDiffer(logger, model, tokenId);

    private static string Describe(RunEnd end, AbortCause? cause) => (end.Error, cause) switch
    {
        ({ } error, _) => $"{end.Reason} ({error})",
        (null, AbortCause.Length) => "Length",
        (null, AbortCause.StopSequence) => "Stop (at a stop sequence)",
        (null, AbortCause.EndToken) => "Stop (at an end token that the runtime does not know)",
        (null, AbortCause.Repetition) => "Length (cut because of a repetition)",
        (null, AbortCause.ThinkingBudget) => "Length (cut at its thinking budget)",
        (null, AbortCause.Correction) => "Length (cut because it violates its format)",
        (null, AbortCause.Complete) => "Stop (its JSON document is complete)",
        (null, AbortCause.GivesWay) => "Cancelled (gave way to another request)",
        (null, AbortCause.ClientDisconnected) when end.Reason == RunEndReason.Cancelled => "Cancelled (the client left)",
        (null, AbortCause.Unloaded) when end.Reason == RunEndReason.Cancelled => "Cancelled (the model was unloaded)",
        _ => end.Reason.ToString(),
    };

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 4,
            Level = LogLevel.Warning,
            Message = "Model {Model}: the runtime's text of token {TokenId} is not that of the tokenizer. The tokenizer belongs to another model, or the conversion has changed the ids. Answers use the text of the runtime, without control tokens")]
        internal static partial void IdsDiffer(ILogger logger, string model, int tokenId);

        [LoggerMessage(
            EventId = 1,
            Level = LogLevel.Information,
            Message = "Finished: model {Model}, prompt {PromptTokens} tokens ({CachedTokens} cached), output {OutputTokens} tokens, queue {QueueMs} ms, load {LoadMs} ms, TTFT {FirstTokenMs} ms, decode {DecodeRate:F1} tok/s, {Reason}, request {RequestId}")]
        internal static partial void Finished(
            ILogger logger, string model, int promptTokens, int? cachedTokens, int outputTokens, long queueMs, long loadMs, long firstTokenMs, double decodeRate, string reason,
            string? requestId);
    }
}

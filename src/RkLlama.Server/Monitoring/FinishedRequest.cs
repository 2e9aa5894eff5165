using RkLlama.Engine.Generation;

namespace RkLlama.Server.Monitoring;

/// <summary>A request that has ended, without its content.</summary>
/// <param name="Finish"><c>stop</c>, <c>length</c>, <c>tool_calls</c>, <c>cancelled</c>, <c>error</c> or <c>refused</c>.</param>
/// <param name="PromptTokens">Number of tokens of all prompts; <see langword="null"/> if no prompt was built.</param>
/// <param name="Timings">Times of its turns or embeddings; <see langword="null"/> if none ended.</param>
internal sealed record FinishedRequest(
    ActiveRequest Request,
    DateTimeOffset Ended,
    int Status,
    string Finish,
    int? PromptTokens,
    int? CachedTokens,
    int OutputTokens,
    GenerationTimings? Timings,
    RequestTrace.RunStart? Start,
    TimeSpan? ToFirstToken,
    TimeSpan Total,
    double? PrefillRate,
    double? DecodeRate)
{
    internal static FinishedRequest Of(ActiveRequest request, int status, string finish)
    {
        RequestTrace trace = request.Trace;
        TimeSpan total = request.Elapsed;
        return new(
            request,
            request.Started + total,
            status,
            finish,
            trace.PromptTokens is > 0 and var prompt ? prompt : null,
            trace.Statistics?.CachedTokens,
            trace.OutputTokens,
            trace.Statistics?.Timings ?? trace.Timings,
            trace.Start,
            request.ToFirstToken,
            total,
            trace.Statistics?.PrefillRate,
            trace.Statistics?.DecodeRate);
    }

    /// <summary>
    /// Returns the request with the figures of its run. If the client has left, the run ends after the response, and the request gets its figures then.
    /// </summary>
    internal FinishedRequest WithFigures() => Timings is null && Request.Trace.Statistics is { } run
        ? this with
        {
            CachedTokens = run.CachedTokens,
            OutputTokens = Request.Trace.OutputTokens,
            Timings = run.Timings,
            PrefillRate = run.PrefillRate,
            DecodeRate = run.DecodeRate,
        }
        : this;
}

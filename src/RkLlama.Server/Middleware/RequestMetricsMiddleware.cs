using System.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Middleware;

/// <summary>
/// Records every request in the metrics when it ends, including failed and cancelled requests, and in the list of active requests before. Then lets <see cref="HeapTrimmer"/> return its memory.
/// </summary>
internal sealed class RequestMetricsMiddleware(RequestDelegate next, ApiRegistry apis, NodeMetrics metrics, ActiveRequests requests, HeapTrimmer heap)
{
    public async Task InvokeAsync(HttpContext context)
    {
        long arrival = Stopwatch.GetTimestamp();
        string api = apis.Find(context)?.Name ?? "other";
        ActiveRequest active = requests.Enter(context, context.Trace(), api);
        bool isWhole = false;
        try
        {
            await next(context).ConfigureAwait(false);
            isWhole = true;
        }
        finally
        {
            long body = context.Features.Get<BodyReservation>()?.AllTaken ?? 0;
            if (context.Features.Get<ResumableStream>() is { Completion.IsCompleted: false } stream)
                _ = RecordLaterAsync(api, active, arrival, stream, body);
            else
                Record(context, api, active, arrival, isWhole);
            heap.WorkEnded(body);
            if (context.Features.Get<IHalfCloseFeature>() is { } halfClose)
                halfClose.IsPreparing = false;
        }
    }

    private void Record(HttpContext context, string api, ActiveRequest active, long arrival, bool isWhole)
    {
        RequestTrace trace = context.Trace();
        bool hasRun = trace.Start is not null;
        string finish = (hasRun, trace.FinishReason) switch
        {
            (false, _) => "",
            (_, { } reason) when isWhole && context.Response.StatusCode < StatusCodes.Status400BadRequest => LabelOf(reason),
            _ => context.RequestAborted.IsCancellationRequested || RetryDeduplicator.FindCancellation(context) is not null ? "cancelled" : "error",
        };

        // A cancelled answer may have started with status 200, because the server has sent a keep-alive to see whether the client still reads.
        int status = finish == "cancelled" ? StatusCodes.Status499ClientClosedRequest : context.Response.StatusCode;
        metrics.RecordRequest(
            api, trace.Model, status, finish, hasRun ? Stopwatch.GetElapsedTime(arrival) : null);
        requests.Leave(active, status, finish);
    }

    /// <summary>Records a request whose run goes on after its response, when the run ends. Until then, the request counts as active.</summary>
    /// <param name="body">The memory that its body has taken.</param>
    private async Task RecordLaterAsync(string api, ActiveRequest active, long arrival, ResumableStream stream, long body)
    {
        await stream.Completion.ConfigureAwait(false);
        RequestTrace trace = active.Trace;
        bool hasRun = trace.Start is not null;
        int status = (stream.Log.Error as ApiException)?.Status ?? StatusCodes.Status200OK;
        string finish = (hasRun, status, trace.FinishReason) switch
        {
            (false, _, _) => "",
            (_, StatusCodes.Status200OK, { } reason) => LabelOf(reason),
            (_, StatusCodes.Status499ClientClosedRequest, _) => "cancelled",
            _ => "error",
        };
        metrics.RecordRequest(api, trace.Model, status, finish, hasRun ? Stopwatch.GetElapsedTime(arrival) : null);
        requests.Leave(active, status, finish);
        heap.WorkEnded(body);
    }

    private static string LabelOf(FinishReason reason) => reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        _ => "tool_calls",
    };
}

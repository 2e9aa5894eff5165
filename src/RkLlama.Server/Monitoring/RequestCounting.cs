using System.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Metrics;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Monitoring;

/// <summary>Counts every request when its answer has ended, however it did.</summary>
internal sealed class RequestCounting(RequestDelegate next, NodeMetrics metrics)
{
    public async Task InvokeAsync(HttpContext context)
    {
        long arrival = Stopwatch.GetTimestamp();
        bool isWhole = false;
        try
        {
            await next(context).ConfigureAwait(false);
            isWhole = true;
        }
        finally
        {
            RequestLedger ledger = context.Ledger();
            bool hasRun = ledger.Start is not null;
            string finish = (hasRun, ledger.FinishReason) switch
            {
                (false, _) => "",
                (_, { } reason) when isWhole && context.Response.StatusCode < StatusCodes.Status400BadRequest => reason,
                _ => context.RequestAborted.IsCancellationRequested ? "cancelled" : "error",
            };
            metrics.RecordRequest(
                ApiName.Of(context.Request.Path), ledger.Model, context.Response.StatusCode, finish, hasRun ? Stopwatch.GetElapsedTime(arrival) : null);
        }
    }
}

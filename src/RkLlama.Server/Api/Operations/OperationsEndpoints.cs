using System.Diagnostics;
using System.Globalization;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Hosting;
using RkLlama.Server.Http;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Api.Operations;

/// <summary>What operators and balancers ask. Nothing here waits or asks the worker.</summary>
internal static class OperationsEndpoints
{
    private static readonly long Started = Stopwatch.GetTimestamp();

    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    internal static void MapOperations(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/health", Read, Health);
        app.MapMethods("/ready", Read, Ready);
        app.MapMethods("/metrics", Read, Metrics);
        app.MapMethods("/npu", Read, Npu);
    }

    /// <summary>Paths that answer always, and to anybody.</summary>
    internal static bool IsProbe(HttpRequest request) => Read.Contains(request.Method) && request.Path.Value is "/health" or "/ready";

    /// <summary>Paths that answer also over the limit of connections and while the server drains: that is when operators look.</summary>
    internal static bool AnswersAlways(HttpRequest request) => IsProbe(request) || (Read.Contains(request.Method) && request.Path.Value is "/metrics");

    private static IResult Metrics(NodeGauges gauges) => Results.Bytes(gauges.Scrape(), PrometheusText.ContentType);

    private static JsonAnswer<HealthReply> Health(ModelHost host, RunQueue queue)
    {
        ModelStatus status = host.Status;
        HealthReply reply = new(
            "ok",
            BuildInfo.Version,
            (long)Stopwatch.GetElapsedTime(Started).TotalSeconds,
            NameOf(status.State),
            status.Model,
            status.Facts?.RuntimeVersion,
            status.Facts?.DriverVersion,
            new(queue.IsBusy ? 1 : 0, queue.Waiting),
            status.LastFault is { } fault ? new(fault.At, fault.Model, fault.Reason) : null);
        return new(reply, StatusJson.Wire.HealthReply);
    }

    private static JsonAnswer<ReadyReply> Ready(HttpContext context, Readiness readiness)
    {
        ReadyReply reply = readiness.Look();
        if (reply.Reason is null)
            return new(reply, StatusJson.Wire.ReadyReply);

        context.Response.Headers.RetryAfter = readiness.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        return new(reply, StatusJson.Wire.ReadyReply, StatusCodes.Status503ServiceUnavailable);
    }

    private static JsonAnswer<NpuReply> Npu(NpuReader reader) => new(NpuReply.From(reader.Read()), StatusJson.Wire.NpuReply);

    internal static string NameOf(ModelState state) => state switch
    {
        ModelState.None => "none",
        ModelState.Loading => "loading",
        ModelState.Loaded => "loaded",
        ModelState.Restarting => "restarting",
        ModelState.Failed => "failed",
        _ => "stuck",
    };
}

using System.Diagnostics;
using System.Globalization;
using RkLlama.Server.Configuration;
using RkLlama.Server.Contracts;
using RkLlama.Server.Contracts.Operations;
using RkLlama.Server.Hosting;
using RkLlama.Server.Inference;
using RkLlama.Server.Streaming;

namespace RkLlama.Server.Endpoints;

/// <summary>What operators and balancers ask. Nothing here waits or asks the worker.</summary>
internal static class OperationsEndpoints
{
    private static readonly long Started = Stopwatch.GetTimestamp();

    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    internal static void MapOperations(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/health", Read, Health);
        app.MapMethods("/ready", Read, Ready);
    }

    /// <summary>Paths that answer always: to anybody, over the limit of connections, and while the server drains.</summary>
    internal static bool IsProbe(HttpRequest request) =>
        Read.Contains(request.Method) && request.Path.Value is "/health" or "/ready";

    private static JsonAnswer<HealthReply> Health(ModelHost host, RunQueue queue)
    {
        ModelStatus status = host.Status;
        HealthReply reply = new(
            "ok",
            CommandLine.Version,
            (long)Stopwatch.GetElapsedTime(Started).TotalSeconds,
            NameOf(status.State),
            status.Model,
            status.Facts?.RuntimeVersion,
            status.Facts?.DriverVersion,
            new(queue.IsBusy ? 1 : 0, queue.Waiting),
            status.LastFault is { } fault ? new(fault.At, fault.Model, fault.Reason) : null);
        return new(reply, ApiJson.Wire.HealthReply);
    }

    private static JsonAnswer<ReadyReply> Ready(HttpContext context, Readiness readiness, Drain drain)
    {
        drain.OnAsked();
        ReadyReply reply = readiness.Look();
        if (reply.Reason is null)
            return new(reply, ApiJson.Wire.ReadyReply);

        context.Response.Headers.RetryAfter = readiness.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        return new(reply, ApiJson.Wire.ReadyReply, StatusCodes.Status503ServiceUnavailable);
    }

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

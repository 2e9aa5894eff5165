using System.Globalization;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Monitoring;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Operations;

/// <summary>Endpoints for operators, load balancers and Prometheus. They do not wait for runs or loads, and do not communicate with the worker.</summary>
internal sealed class OperationsApi : IApi
{
    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    public string Name => "operations";

    public string Title => "Operations";

    public string Description => "State of the node: health, readiness, metrics, hardware.";

    public PathString? Prefix => null;

    public string JsonContentType => "application/json";

    public Type ErrorType => typeof(ErrorReply);

    public byte[] SerializeError(ApiException error, string requestId) => JsonSerializer.SerializeToUtf8Bytes(error.Reply, ErrorJson.Wire.ErrorReply);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/health", Read, Health).WithMetadata(NodeOperations.Health, EndpointAccess.Probe);
        routes.MapMethods("/ready", Read, Ready).WithMetadata(NodeOperations.Ready, EndpointAccess.Probe);
        routes.MapMethods("/metrics", Read, Metrics).WithMetadata(NodeOperations.Metrics, EndpointAccess.Monitoring);
        routes.MapOpenApiDocument().WithMetadata(NodeOperations.Document);
        routes.MapMethods("/npu", Read, Npu).WithMetadata(NodeOperations.Npu);
    }

    private static IResult Metrics(NodeGauges gauges) => Results.Bytes(gauges.Scrape(), PrometheusText.ContentType);

    private static JsonResult<HealthReply> Health(HealthReader health) => new(health.Read(), StatusJson.Wire.HealthReply);

    private static JsonResult<ReadyReply> Ready(HttpContext context, Readiness readiness)
    {
        ReadyReply reply = readiness.Evaluate();
        if (reply.Reason is null)
            return new(reply, StatusJson.Wire.ReadyReply);

        context.Response.Headers.RetryAfter = readiness.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        return new(reply, StatusJson.Wire.ReadyReply, StatusCodes.Status503ServiceUnavailable);
    }

    private static JsonResult<NpuReply> Npu(HardwareReader reader) => new(NpuReply.From(reader.Read()), StatusJson.Wire.NpuReply);
}

using System.Globalization;
using System.Net;
using System.Text.Json;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Api.Node.Events;
using RkLlama.Server.Connections;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Monitoring;
using RkLlama.Server.Pulls;

namespace RkLlama.Server.Api.Node;

/// <summary>The endpoints of the page: what the node does, and what can be changed about it. They do not wait for runs or loads.</summary>
internal sealed class NodeApi : IApi
{
    public string Name => "node";

    public string Title => "Node";

    public string Description => "What the page at /ui/ shows: state, requests, checks, other nodes, Modelfiles, downloads.";

    public PathString? Prefix => "/node";

    public string JsonContentType => "application/json";

    public Type ErrorType => typeof(ErrorReply);

    /// <inheritdoc/>
    /// <remarks>Every error has its code, because the page shows other texts for some of them.</remarks>
    public byte[] SerializeError(ApiException error, string requestId) => JsonSerializer.SerializeToUtf8Bytes(error.Reply with { Code = error.Reply.Code ?? error.Code }, ErrorJson.Wire.ErrorReply);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/node/status", Status).WithMetadata(NodeApiOperations.Status, EndpointAccess.Monitoring);
        routes.MapGet("/node/events", Events).WithMetadata(NodeApiOperations.Events, EndpointAccess.Monitoring);
        routes.MapGet("/node/requests", Requests).WithMetadata(NodeApiOperations.Requests, EndpointAccess.Monitoring);
        routes.MapPost("/node/requests/{id}/cancel", Cancel).WithMetadata(NodeApiOperations.Cancel, EndpointAccess.Management);
        routes.MapGet("/node/doctor", Doctor).WithMetadata(NodeApiOperations.Doctor);
        routes.MapGet("/node/peers", Peers).WithMetadata(NodeApiOperations.Peers);
        routes.MapGet("/node/log", ReadLog).WithMetadata(NodeApiOperations.Log, EndpointAccess.Monitoring);
        routes.MapGet("/node/models", ModelListEndpoint.Get).WithMetadata(NodeApiOperations.Models);
        routes.MapGet("/node/models/{name}/modelfile", ModelfileEndpoints.Get).WithMetadata(NodeApiOperations.GetModelfile);
        routes.MapPut("/node/models/{name}/modelfile", ModelfileEndpoints.Put).WithMetadata(NodeApiOperations.PutModelfile, EndpointAccess.Management);
        routes.MapGet("/node/names", NameEndpoint.Get).WithMetadata(NodeApiOperations.Names);
        routes.MapPost("/node/pulls", Pull).WithMetadata(NodeApiOperations.Pull, EndpointAccess.Management);
        routes.MapDelete("/node/pulls/{model}", StopPull).WithMetadata(NodeApiOperations.StopPull, EndpointAccess.Management);
    }

    private static JsonResult<NodeStatus> Status(StatusReader status) => new(status.Read(), NodeJson.Wire.NodeStatus);

    private static EventsResult Events(HttpContext context, EventHub hub) =>
        new(hub, hub.Join(ConnectionLimiter.KeyOf(context.Connection.RemoteIpAddress is { } address ? new IPEndPoint(address, 0) : null)));

    private static JsonResult<NodeRequests> Requests(RequestHistory history, ActiveRequestReader active, string? since = null)
    {
        DateTimeOffset after = DateTimeOffset.MinValue;
        if (!string.IsNullOrEmpty(since) && !DateTimeOffset.TryParse(since, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out after))
            throw ApiException.BadRequest("since must be a time such as 2026-11-30T01:00:00Z.", "since");
        return new(new([.. history.All.Where(request => request.Ended > after).Select(NodeRequest.From)], active.Read()), NodeJson.Wire.NodeRequests);
    }

    private static JsonResult<NodeCancelled> Cancel(string id, ActiveRequests requests) => requests.Cancel(id) is > 0 and var cancelled
        ? new(new(cancelled), NodeJson.Wire.NodeCancelled)
        : throw new ApiException(StatusCodes.Status404NotFound, new($"No request with the id '{Excerpt.Of(id)}' waits or runs."));

    private static async Task<JsonResult<NodeDoctor>> Doctor(DoctorReader doctor) => new(await doctor.ReadAsync().ConfigureAwait(false), NodeJson.Wire.NodeDoctor);

    private static async Task<JsonResult<NodePeers>> Peers(PeerReader peers) => new(await peers.ReadAsync().ConfigureAwait(false), NodeJson.Wire.NodePeers);

    private static JsonResult<NodeLog> ReadLog(LogRing log, NodeOptions options) => options.ApiKey is not null
        ? new(new(log.All.Lines), NodeJson.Wire.NodeLog)
        : throw new ApiException(StatusCodes.Status404NotFound, new("The log is only here if the node has an API key, because the vendor's library may print prompts into it."));

    private static async Task<JsonResult<NodePull>> Pull(HttpContext context, RequestReader reader, BackgroundPulls pulls)
    {
        NodePullBody body = NodeBodyJson.Reader.Read<NodePullBody>(await reader.ReadAsync(context).ConfigureAwait(false));
        if (body.Model is not { Length: > 0 } requested)
            throw ApiException.BadRequest("model is missing.", "model");
        if (requested.StartsWith('/'))
            throw ApiException.BadRequest("model must be a name and not a path.", "model");
        (string model, bool isPresent) = pulls.Start(requested, body.Name is { Length: > 0 } name ? name : null);
        return new(new(model, isPresent), NodeJson.Wire.NodePull);
    }

    private static async Task<JsonResult<NodePullStopped>> StopPull(string model, PullService pulls, BackgroundPulls background)
    {
        bool hadFailed = background.Forget(model);
        return await pulls.StopAsync(model).ConfigureAwait(false) || hadFailed
            ? new(new(true), NodeJson.Wire.NodePullStopped)
            : throw new ApiException(StatusCodes.Status404NotFound, new($"Model '{Excerpt.Of(model)}' is not being downloaded."));
    }
}

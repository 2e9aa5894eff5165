using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Api.Node.Events;

/// <summary>The first event of <c>GET /node/events</c>, named snapshot. Then follow status, sample, request, queue, pull and log, with newer values.</summary>
/// <param name="Status">The state of the node.</param>
/// <param name="Samples">The samples of the last 15 minutes, the oldest one first. A gap of more than 12 s means that the node was idle.</param>
/// <param name="Requests">The requests of the last hour that have ended, the newest one first.</param>
/// <param name="Log">The last 500 lines of the log, the oldest one first. Empty if the node has no API key.</param>
internal sealed record NodeEventSnapshot(NodeStatus Status, IReadOnlyList<NodeSample> Samples, IReadOnlyList<NodeRequest> Requests, IReadOnlyList<LogLine> Log);

/// <summary>The event queue: the requests in the queue or before it have changed.</summary>
internal sealed record NodeQueueEvent(int Running, int Waiting, int Capacity, IReadOnlyList<NodeActiveRequest> Requests);

/// <summary>The event pull: the downloads of models have changed.</summary>
internal sealed record NodePullEvent(IReadOnlyList<NodeDownload> Downloads);

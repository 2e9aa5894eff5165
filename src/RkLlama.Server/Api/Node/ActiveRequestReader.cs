using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Api.Node;

/// <summary>Describes the requests that have not ended, with their places in the queue. Thread-safe.</summary>
internal sealed class ActiveRequestReader(ActiveRequests requests, RunQueue queue, ModelHost host)
{
    // More would only make each event longer.
    private const int MaxRequests = 64;

    internal IReadOnlyList<NodeActiveRequest> Read() => [.. requests.WithModel.Take(MaxRequests).Select(Describe)];

    private NodeActiveRequest Describe(ActiveRequest request)
    {
        RequestTrace trace = request.Trace;
        QueuePlace? place = queue.FindPlace(trace);
        string model = trace.Model ?? "";
        return new(
            trace.Id,
            model,
            request.Api,
            request.Client,
            request.ForwardedFor,
            place is not null ? "queued" : PhaseOf(trace, model),
            place?.Position,
            place?.WaitSeconds,
            Math.Round(request.Elapsed.TotalSeconds, 1),
            trace.PromptTokens,
            trace.OutputTokens);
    }

    private string PhaseOf(RequestTrace trace, string model) => trace switch
    {
        { OutputTokens: > 0 } => "decode",
        { Start: not null } => "prefill",
        _ => host.FindResident(model)?.State == ModelState.Loading ? "loading" : "preparing",
    };
}

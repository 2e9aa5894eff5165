using System.Collections.Concurrent;
using RkLlama.Engine.Generation;

namespace RkLlama.Server.Monitoring;

/// <summary>The requests whose responses have not ended. When a request that used a model ends, it goes to the <see cref="RequestHistory"/>. Thread-safe.</summary>
internal sealed class ActiveRequests(RequestHistory history, TimeProvider time)
{
    private readonly ConcurrentDictionary<ActiveRequest, bool> _active = new(ReferenceEqualityComparer.Instance);

    // Number of tokens of all requests that have ended.
    private long _endedTokens;

    /// <summary>The requests that have named a model, the oldest one first.</summary>
    internal IReadOnlyList<ActiveRequest> WithModel => [.. _active.Keys.Where(static request => request.Trace.Model is not null).OrderByDescending(static request => request.Elapsed)];

    /// <summary>Number of tokens that all requests have generated since the start of the server.</summary>
    internal long OutputTokens => Interlocked.Read(ref _endedTokens) + _active.Keys.Sum(static request => (long)request.Trace.OutputTokens);

    /// <summary>Returns a request that has decoded enough tokens in its current turn that its rate is known; <see langword="null"/> if there is none.</summary>
    /// <param name="model">Name of its model; <see langword="null"/> for any model.</param>
    internal ActiveRequest? CurrentRun(string? model = null) =>
        WithModel.FirstOrDefault(request => request.Trace.CurrentDecodeRate is not null && (model is null || request.Trace.Model == model));

    /// <summary>Adds a request. The caller calls <see cref="Leave"/> when its response has ended.</summary>
    internal ActiveRequest Enter(HttpContext context, RequestTrace trace, string api)
    {
        ActiveRequest request = ActiveRequest.Of(context, trace, api, time.GetUtcNow());
        _active[request] = true;
        return request;
    }

    /// <summary>Removes a request.</summary>
    /// <param name="status">The HTTP status code of the response.</param>
    /// <param name="finish">The finish reason as in the metrics; empty if no run started.</param>
    internal void Leave(ActiveRequest request, int status, string finish)
    {
        if (request.Trace.OutputTokens is > 0 and var tokens)
            Interlocked.Add(ref _endedTokens, tokens);
        _active.TryRemove(request, out _);
        if (request.Trace.Model is not null)
            history.Add(FinishedRequest.Of(request, status, finish.Length > 0 ? finish : status == StatusCodes.Status499ClientClosedRequest ? "cancelled" : "refused"));
    }

    /// <summary>Cancels the requests with this id, as if their clients had disconnected.</summary>
    /// <returns>How many were cancelled.</returns>
    internal int Cancel(string id) => _active.Keys.Count(request => request.Trace.Id == id && request.Trace.Cancel?.Invoke() == true);
}

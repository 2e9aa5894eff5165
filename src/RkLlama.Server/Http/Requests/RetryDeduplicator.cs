using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace RkLlama.Server.Http.Requests;

/// <summary>
/// Cancels a request when a retry of it arrives, or when the operator cancels it. Some clients time out and send a request again while the original request is still queued or running. Without
/// this class, the NPU would run both. Thread-safe.
/// </summary>
/// <remarks>
/// A request is a retry of another one in two cases: both have the same <c>Idempotency-Key</c> and API key; or its <c>X-Stainless-Retry-Count</c> is at least 1
/// and both have the same client address, API key, path and body. Other equal requests are independent of each other.
/// </remarks>
internal sealed class RetryDeduplicator
{
    // Seed of the digests. It is secret and differs in each process, so that a client cannot create a request with the digest of another client's request.
    private static readonly long Seed = Random.Shared.NextInt64();

    private readonly Lock _lock = new();

    // Guarded by _lock. The key is a digest of a request, the value is the list of queued or running requests with this digest, oldest first. A request has one
    // or two digests. A retry has at least one digest in common with the request that it replaces.
    private readonly Dictionary<UInt128, List<Entry>> _entries = [];

    /// <summary>Registers a request until its response ends. If it is a retry, cancels the request that it replaces.</summary>
    /// <param name="outlivesConnection">Whether a disconnected client does not cancel the request.</param>
    /// <returns>A token that is cancelled when the client disconnects or a retry replaces the request.</returns>
    internal CancellationToken Enter(HttpContext context, ReadOnlySpan<byte> body, bool outlivesConnection)
    {
        HttpRequest request = context.Request;
        string key = $"{request.Headers.Authorization}\n{request.Headers["X-Api-Key"]}\n{request.Headers["Api-Key"]}";
        UInt128 content = XxHash128.HashToUInt128(body, Seed);

        // Behind a load balancer all clients have the same address, so the digest includes X-Forwarded-For. This header may be false, because it only
        // distinguishes clients.
        UInt128 same = Digest($"{context.Connection.RemoteIpAddress}\n{request.Headers["X-Forwarded-For"]}\n{key}\n{request.Path}\n{content:x}");
        UInt128? named = request.Headers["Idempotency-Key"] is [{ Length: > 0 } given] ? Digest($"{given}\n{key}") : null;
        bool isRetry = int.TryParse(request.Headers["X-Stainless-Retry-Count"], out int retries) && retries >= 1;

        Entry entry = new(this, named is { } name ? [same, name] : [same], outlivesConnection ? CancellationToken.None : context.RequestAborted);
        Entry?[] replaced;
        lock (_lock)
        {
            replaced = [Oldest(named), isRetry ? Oldest(same) : null];
            foreach (UInt128 digest in entry.Digests)
            {
                if (!_entries.TryGetValue(digest, out List<Entry>? entries))
                    _entries[digest] = entries = [];
                entries.Add(entry);
            }
        }

        context.Features.Set(entry);
        context.Trace().Cancel = () => entry.Cancel("The operator has cancelled this request.");
        context.Response.RegisterForDispose(entry);
        foreach (Entry? old in replaced)
            context.Trace().IsRetry |= old?.Cancel("A retry of this request has taken its place.") == true;
        return entry.Token;
    }

    /// <summary>Returns why the request was cancelled, as one sentence; null if it was not: a retry has replaced it, or the operator has cancelled it.</summary>
    internal static string? FindCancellation(HttpContext context) => context.Features.Get<Entry>()?.Cancellation;

    /// <summary>Returns the oldest request that has the digest and was not cancelled; null if there is none. The caller holds the lock.</summary>
    /// <param name="digest">A digest that a request and its retry have in common; null to find no request.</param>
    private Entry? Oldest(UInt128? digest) =>
        digest is { } key && _entries.TryGetValue(key, out List<Entry>? entries) ? entries.Find(static entry => entry.Cancellation is null) : null;

    private void Leave(Entry entry)
    {
        lock (_lock)
        {
            foreach (UInt128 digest in entry.Digests)
            {
                if (_entries.TryGetValue(digest, out List<Entry>? entries) && entries.Remove(entry) && entries.Count == 0)
                    _entries.Remove(digest);
            }
        }
    }

    private static UInt128 Digest(string text) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(text.AsSpan()), Seed);

    /// <summary>A queued or running request.</summary>
    private sealed class Entry(RetryDeduplicator owner, UInt128[] digests, CancellationToken disconnected) : IDisposable
    {
        private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(disconnected);
        private readonly Lock _lock = new();
        private bool _isOver;

        public UInt128[] Digests => digests;

        public CancellationToken Token => _end.Token;

        /// <summary>Why the request was cancelled; null if it was not. The first reason is kept.</summary>
        public string? Cancellation { get; private set; }

        /// <summary>Cancels the request.</summary>
        /// <param name="reason">One sentence for the client, which may still wait.</param>
        /// <returns><see langword="false"/> if the request has already ended.</returns>
        public bool Cancel(string reason)
        {
            lock (_lock)
            {
                if (_isOver)
                    return false;
                Cancellation ??= reason;
                _end.Cancel();
                return true;
            }
        }

        public void Dispose()
        {
            lock (_lock)
                _isOver = true;
            owner.Leave(this);
            _end.Dispose();
        }
    }
}

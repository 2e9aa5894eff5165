using System.Security.Cryptography;
using System.Text;

namespace RkLlama.Server.Http;

/// <summary>
/// Lets a retry replace the request that it repeats. Clients give up on a connection and send the request again while the first one still waits or runs, and
/// the NPU would work twice for one of them. Any thread.
/// </summary>
/// <remarks>
/// A request repeats another one with the same <c>Idempotency-Key</c> and API key; or, when <c>X-Stainless-Retry-Count</c> says that it is a retry, with the
/// same client address, API key, path and body. Other equal requests are independent.
/// </remarks>
internal sealed class RetryDeduplicator
{
    private readonly Lock _lock = new();

    // Guarded by _lock. Requests that wait or run, the oldest first, by the digests that a retry has in common with them.
    private readonly Dictionary<string, List<Entry>> _entries = new(StringComparer.Ordinal);

    /// <summary>Registers a request until its response ends, and ends the one that it repeats.</summary>
    /// <returns>Cancelled when the client disconnects, or a retry replaces the request.</returns>
    internal CancellationToken Enter(HttpContext context, ReadOnlySpan<byte> body)
    {
        HttpRequest request = context.Request;
        string key = $"{request.Headers.Authorization}\n{request.Headers["X-Api-Key"]}";
        string content = Convert.ToHexString(SHA256.HashData(body));

        // Behind a load balancer all clients have one address. The header only distinguishes them, so it may be trusted.
        string same = Digest($"{context.Connection.RemoteIpAddress}\n{request.Headers["X-Forwarded-For"]}\n{key}\n{request.Path}\n{content}");
        string? named = request.Headers["Idempotency-Key"] is [{ Length: > 0 } given] ? Digest($"{given}\n{key}") : null;
        bool isRetry = int.TryParse(request.Headers["X-Stainless-Retry-Count"], out int retries) && retries >= 1;

        Entry entry = new(this, named is null ? [same] : [same, named], context.RequestAborted);
        Entry?[] replaced;
        lock (_lock)
        {
            replaced = [Oldest(named), isRetry ? Oldest(same) : null];
            foreach (string name in entry.Names)
            {
                if (!_entries.TryGetValue(name, out List<Entry>? entries))
                    _entries[name] = entries = [];
                entries.Add(entry);
            }
        }

        context.Features.Set(entry);
        context.Response.RegisterForDispose(entry);
        foreach (Entry? old in replaced)
            context.Trace().IsRetry |= old?.Replace() == true;
        return entry.Token;
    }

    /// <summary>Whether a retry has replaced this request.</summary>
    internal static bool HasReplaced(HttpContext context) => context.Features.Get<Entry>()?.IsReplaced == true;

    /// <summary>Under the lock.</summary>
    private Entry? Oldest(string? name) => name is not null && _entries.TryGetValue(name, out List<Entry>? entries) ? entries[0] : null;

    private void Leave(Entry entry)
    {
        lock (_lock)
        {
            foreach (string name in entry.Names)
            {
                if (_entries.TryGetValue(name, out List<Entry>? entries) && entries.Remove(entry) && entries.Count == 0)
                    _entries.Remove(name);
            }
        }
    }

    private static string Digest(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>A request that waits or runs.</summary>
    private sealed class Entry(RetryDeduplicator owner, string[] names, CancellationToken disconnected) : IDisposable
    {
        private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(disconnected);
        private readonly Lock _lock = new();
        private bool _isOver;

        public string[] Names => names;

        public CancellationToken Token => _end.Token;

        public bool IsReplaced { get; private set; }

        /// <returns><see langword="false"/> if it has ended already.</returns>
        public bool Replace()
        {
            lock (_lock)
            {
                if (_isOver)
                    return false;
                IsReplaced = true;
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

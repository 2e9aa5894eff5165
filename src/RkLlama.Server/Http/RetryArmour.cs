using System.Security.Cryptography;
using System.Text;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Http;

/// <summary>
/// Has a retry take the place of the request that it repeats. Clients give up on a connection and send the request again while the first still waits
/// or runs, and the NPU would work twice for one of them. Any thread.
/// </summary>
/// <remarks>
/// A request is the same one with the same <c>Idempotency-Key</c> and API key; or, when <c>X-Stainless-Retry-Count</c> says that it is a retry, with the
/// same client address, API key, path and body. Otherwise equal requests are different ones.
/// </remarks>
internal sealed class RetryArmour
{
    private readonly Lock _lock = new();

    // Guarded by _lock. Requests that wait or run, the oldest first, by what a retry of them would have in common with them.
    private readonly Dictionary<string, List<Place>> _places = new(StringComparer.Ordinal);

    /// <summary>Takes a request in until its response ends, and ends the one that it repeats. Changes the request's token, so comes before its use.</summary>
    internal void Enter(HttpContext context, ReadOnlySpan<byte> body)
    {
        HttpRequest request = context.Request;
        string key = $"{request.Headers.Authorization}\n{request.Headers["X-Api-Key"]}";
        string content = Convert.ToHexString(SHA256.HashData(body));

        // A balancer's address is that of all its clients; what it says of them can only tell them apart, so it may be trusted.
        string same = Digest($"{context.Connection.RemoteIpAddress}\n{request.Headers["X-Forwarded-For"]}\n{key}\n{request.Path}\n{content}");
        string? named = request.Headers["Idempotency-Key"] is [{ Length: > 0 } name] ? Digest($"{name}\n{key}") : null;
        bool isRetry = int.TryParse(request.Headers["X-Stainless-Retry-Count"], out int retries) && retries >= 1;

        Place place = new(this, named is null ? [same] : [same, named], context.RequestAborted);
        Place?[] replaced;
        lock (_lock)
        {
            replaced = [Oldest(named), isRetry ? Oldest(same) : null];
            foreach (string common in place.Names)
            {
                if (!_places.TryGetValue(common, out List<Place>? places))
                    _places[common] = places = [];
                places.Add(place);
            }
        }

        context.RequestAborted = place.Token;
        context.Features.Set(place);
        context.Response.RegisterForDispose(place);
        foreach (Place? old in replaced)
            context.Ledger().IsRetry |= old?.Replace() == true;
    }

    /// <summary>Whether a retry has taken the place of this request.</summary>
    internal static bool HasReplaced(HttpContext context) => context.Features.Get<Place>()?.IsReplaced == true;

    /// <summary>Under the lock.</summary>
    private Place? Oldest(string? name) => name is not null && _places.TryGetValue(name, out List<Place>? places) ? places[0] : null;

    private void Leave(Place place)
    {
        lock (_lock)
        {
            foreach (string name in place.Names)
            {
                if (_places.TryGetValue(name, out List<Place>? places) && places.Remove(place) && places.Count == 0)
                    _places.Remove(name);
            }
        }
    }

    private static string Digest(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>A request that waits or runs.</summary>
    private sealed class Place(RetryArmour armour, string[] names, CancellationToken left) : IDisposable
    {
        private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(left);
        private readonly Lock _lock = new();
        private bool _isOver;

        public string[] Names => names;

        public CancellationToken Token => _end.Token;

        public bool IsReplaced { get; private set; }

        /// <returns><see langword="false"/> when it was over already.</returns>
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
            armour.Leave(this);
            _end.Dispose();
        }
    }
}

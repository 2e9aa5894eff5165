using System.Net;

namespace RkLlama.Server.Http.Requests;

/// <summary>
/// What one request has taken from the <see cref="RequestBodyBudget"/>. A feature of the request. Until the prompt is built, the objects made from the body use
/// as much memory as the body. After that, most of them are garbage. Thread-safe.
/// </summary>
internal sealed class BodyReservation(RequestBodyBudget budget, IPAddress? client)
{
    // How long a body may still take to arrive when another one was refused.
    private static readonly TimeSpan HurryTime = TimeSpan.FromSeconds(10);

    private readonly IPAddress _client = client ?? IPAddress.None;
    private readonly Lock _lock = new();

    // Guarded by _lock. The deadline of the read; null if the body is not being read.
    private CancellationTokenSource? _deadline;
    private bool _isHurried;
    private long _taken;
    private long _allTaken;

    /// <summary>All bytes that the request has taken, including those that it has returned.</summary>
    internal long AllTaken
    {
        get
        {
            lock (_lock)
                return _allTaken;
        }
    }

    /// <summary>Returns the reservation of a request. The first call creates it. It ends with the request.</summary>
    internal static BodyReservation Of(HttpContext context)
    {
        if (context.Features.Get<BodyReservation>() is { } present)
            return present;
        BodyReservation created = new(context.RequestServices.GetRequiredService<RequestBodyBudget>(), context.Connection.RemoteIpAddress);
        context.Features.Set(created);
        context.Response.OnCompleted(() =>
        {
            created.Keep(0);
            return Task.CompletedTask;
        });
        return created;
    }

    /// <summary>Takes bytes.</summary>
    /// <returns><see langword="false"/> if the budget has too few left.</returns>
    internal bool TryTake(long bytes)
    {
        if (!budget.TryTake(_client, bytes))
            return false;
        lock (_lock)
        {
            _taken += bytes;
            _allTaken += bytes;
        }

        return true;
    }

    /// <summary>Returns bytes to the budget, so that the request has at most this many.</summary>
    internal void Keep(long bytes)
    {
        long more;
        lock (_lock)
        {
            more = Math.Max(0, _taken - bytes);
            _taken -= more;
        }

        if (more > 0)
            budget.Return(_client, more);
    }

    /// <summary>Called before the body is read.</summary>
    /// <param name="deadline">Ends the read.</param>
    internal void ReadStarted(CancellationTokenSource deadline)
    {
        lock (_lock)
            _deadline = deadline;
        budget.AddReading(this);
    }

    /// <summary>Called when the body has been read, before the deadline is disposed.</summary>
    internal void ReadEnded()
    {
        budget.RemoveReading(this);
        lock (_lock)
            _deadline = null;
    }

    /// <summary>Gives a body that is being read, and has taken bytes, less time. Only the first call has an effect.</summary>
    internal void Hurry()
    {
        lock (_lock)
        {
            if (_isHurried || _taken == 0 || _deadline is null)
                return;
            _isHurried = true;
            _deadline.CancelAfter(HurryTime);
        }
    }
}

using System.Diagnostics;
using System.Threading.Channels;

namespace RkLlama.Engine.Workers.Server;

/// <summary>A run that has been sent to the worker and has not ended.</summary>
internal sealed class ActiveRun(int id)
{
    // Frame thread only: tokens that have come with others, and when the last one came.
    private readonly List<EngineToken> _come = [];
    private long _lastToken;

    internal int Id => id;

    /// <summary>
    /// Tokens, as many at a time as have come together. Bounded by the answer: a slow reader never holds the worker up. Who waits for them goes on
    /// with them on the frame thread, up to the socket: at the pace of an NPU the way through the thread pool takes two wake-ups, which cost more than
    /// all the rest. Nothing blocks there, and the run's end comes from the pool, so other requests never do.
    /// </summary>
    internal Channel<EngineToken[]> Tokens { get; } = Channel.CreateUnbounded<EngineToken[]>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    /// <summary>Written by the frame thread before the run's end.</summary>
    internal long? FirstToken { get; private set; }

    /// <summary>Written by the frame thread before the run's end; only where an embedding was asked for.</summary>
    internal float[]? Embedding { get; set; }

    /// <summary>Set before the run is sent.</summary>
    internal required RunWatchdog Watchdog { get; init; }

    internal TaskCompletionSource<RunOutcome> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Notes that a token has come; on the frame thread.</summary>
    /// <returns>The time since the one before it; <see langword="null"/> for the first.</returns>
    internal TimeSpan? OnToken()
    {
        long last = _lastToken;
        _lastToken = Stopwatch.GetTimestamp();
        Watchdog.OnToken();
        if (FirstToken is not null)
            return Stopwatch.GetElapsedTime(last, _lastToken);
        FirstToken = _lastToken;
        return null;
    }

    /// <summary>Frame thread only: a token that <see cref="PassOn"/> passes on.</summary>
    internal void Add(EngineToken token) => _come.Add(token);

    /// <summary>Frame thread only.</summary>
    internal void PassOn()
    {
        if (_come.Count == 0)
            return;
        EngineToken[] tokens = [.. _come];
        _come.Clear();
        Tokens.Writer.TryWrite(tokens);
    }
}

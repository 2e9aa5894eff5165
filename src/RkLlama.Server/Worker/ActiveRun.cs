using System.Diagnostics;
using System.Threading.Channels;
using RkLlama.Server.Inference;

namespace RkLlama.Server.Worker;

/// <summary>A run that has been sent to the worker and has not ended.</summary>
internal sealed class ActiveRun(int id)
{
    internal int Id => id;

    /// <summary>Bounded by the answer: a slow reader never holds the worker up.</summary>
    internal Channel<EngineToken> Tokens { get; } = Channel.CreateUnbounded<EngineToken>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = false });

    /// <summary>Written by the frame thread before the run's end.</summary>
    internal long? FirstToken { get; private set; }

    // Frame thread only.
    private long _lastToken;

    /// <summary>Written by the frame thread before the run's end; only where an embedding was asked for.</summary>
    internal float[]? Embedding { get; set; }

    /// <summary>Set before the run is sent.</summary>
    internal required RunWatchdog Watchdog { get; init; }

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

    internal TaskCompletionSource<RunOutcome> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

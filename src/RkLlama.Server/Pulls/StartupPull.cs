namespace RkLlama.Server.Pulls;

/// <summary>A model that the setting <c>--pull</c> names, until it is there. Thread-safe.</summary>
/// <param name="requested">The name in the setting.</param>
#pragma warning disable CA1001 // the CancellationTokenSource has no timer and no handle, and the pull may end while a request stops it
internal sealed class StartupPull(string requested)
#pragma warning restore CA1001
{
    internal const string StoppedReason = "the download was stopped";

    private readonly CancellationTokenSource _stopped = new();
    private volatile string? _failure;
    private volatile bool _isDone;

    /// <summary>The name in the setting.</summary>
    internal string Requested => requested;

    /// <summary>Why the model is missing while no download runs; <see langword="null"/> before the first failure, and while an attempt runs.</summary>
    internal string? Failure
    {
        get => _stopped.IsCancellationRequested ? StoppedReason : _failure;
        set => _failure = value;
    }

    /// <summary>Whether the node has had the model.</summary>
    internal bool IsDone
    {
        get => _isDone;
        set => _isDone = value;
    }

    /// <summary>Cancelled when the operator has stopped the download. Then there are no further attempts.</summary>
    internal CancellationToken Stopped => _stopped.Token;

    /// <summary>Ends the attempts.</summary>
    internal void Stop() => _stopped.Cancel();
}

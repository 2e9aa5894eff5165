namespace RkLlama.Server.Connections;

/// <summary>Lets a read wait at the end of the input, until the hold is released or the read is cancelled. Thread-safe.</summary>
/// <param name="ended">Called once, when the first read waits.</param>
internal sealed class EndOfInputHold(Action ended)
{
    private readonly TaskCompletionSource<bool> _isCanceled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _hasEnded;

    /// <summary>Called by a read that has found the end of the input.</summary>
    /// <returns>Whether the read is cancelled; false if the hold is released.</returns>
    internal Task<bool> WaitAsync()
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
            ended();
        return _isCanceled.Task;
    }

    internal void CancelRead() => _isCanceled.TrySetResult(true);

    internal void Release() => _isCanceled.TrySetResult(false);
}

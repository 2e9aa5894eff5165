using RkLlama.Engine.Diagnostics;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Server;

/// <content>The end of the worker: by itself, by a kill, or because the session is disposed.</content>
internal sealed partial class WorkerSession
{
    /// <summary>
    /// Kills the worker, because its run did not end after an abort. The run ends when the worker has exited, or at once if the worker survives SIGKILL.
    /// </summary>
    private async Task KillAsync(string reason)
    {
        lock (_lock)
            _killReason = reason;
        Log.Killed(_logger, _worker.Id, reason);
        if (!await _worker.KillAsync().ConfigureAwait(false))
            OnWorkerExited(MarkStuck());
    }

    /// <summary>
    /// Marks the worker as stuck, because it survived SIGKILL, and logs this. A worker that has exited in the meantime is not logged as stuck.
    /// </summary>
    /// <returns>The reason that the caller passes to <see cref="OnWorkerExited"/>.</returns>
    private string MarkStuck()
    {
        _isUnkillable = true;
        if (Stuck is not { } stuck)
            return "the worker was killed";

        Log.Stuck(_logger, stuck.Message);
        return stuck.Message;
    }

    private async Task WatchAsync()
    {
        await _worker.FramesEndedAsync().ConfigureAwait(false);
        (string reason, FailureCode? code) = await _worker.DescribeExitAsync().ConfigureAwait(false);
        OnWorkerExited(reason, code);
    }

    /// <summary>
    /// Fails the active run, and the load or probe in progress, because the worker has exited or no longer responds. May be called several times.
    /// </summary>
    private void OnWorkerExited(string reason, FailureCode? code = null)
    {
        int? runId;
        bool expected, isKilled;
        Action? onCrash;
        lock (_lock)
        {
            if (_killReason is not null)
                (reason, code) = (_killReason + (_isUnkillable ? $"; {reason}" : "; its worker was killed"), null);
            isKilled = _killReason is not null;
            _exitReason ??= reason;
            runId = _run?.Id;
            expected = _disposing;
            onCrash = runId is null || expected || code == FailureCode.Killed ? null : _onFirstCrash;
            _onFirstCrash = null;
        }

        onCrash?.Invoke();

        // Set before the run ends, so that the next request sees that this session is dead.
        if (!expected && _died.TrySetResult(reason))
            _settings.Metrics?.RecordWorkerDeath(_worker.Signal, isKilled ? "hung" : "crash");

        if (runId is { } id)
            EndRun(id, new(RunEndReason.Error, 0, null, reason), isKilled ? WorkerDeath.Hang : code == FailureCode.Killed ? WorkerDeath.Killed : WorkerDeath.Crash);

        _startup.Fail(reason, code);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
            _disposing = true;

        // A worker that is still loading would process a shutdown command only after the load, so it is killed.
        if (!_startup.IsLoaded)
            await _worker.KillAsync().ConfigureAwait(false);

        if (!_isUnkillable)
            await _worker.DisposeAsync().ConfigureAwait(false);
        if (_worker.IsAlive)
            OnWorkerExited(MarkStuck());
    }
}

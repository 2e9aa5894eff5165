using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>
/// Decides whether the death of a worker belongs to a request or to the model. A death during a run belongs to the request of the run, and never makes the
/// model fail permanently. If the worker crashed or hung, the death is recorded for the request, so that it is refused after the second one (see
/// <see cref="FatalRequests"/>). It is not recorded if the server had aborted the run, or if something outside of the server killed the worker. Not
/// thread-safe: the caller holds its lock.
/// </summary>
internal sealed class WorkerDeaths(string model, FatalRequests fatal)
{
    private IEngineSession? _session;
    private EngineRun? _run;
    private UInt128? _request;

    /// <summary>Returns the last run of the session; <see langword="null"/> if it had none.</summary>
    internal EngineRun? LastRunOf(IEngineSession session) => _session == session ? _run : null;

    internal void OnRunStarted(IEngineSession session, EngineRun run, UInt128? request) => (_session, _run, _request) = (session, run, request);

    /// <summary>Records the death of a session. Its last run, if it had one, must have ended.</summary>
    /// <returns>Whether the session died during a run.</returns>
    internal bool OnDeath(IEngineSession session)
    {
        EngineRun? run = LastRunOf(session);
        if (run?.Completion.Result.Death is not { } death)
            return false;

        if (_request is { } request && death != WorkerDeath.Killed && run.AbortCause is null)
            fatal.RecordDeath(model, request);
        (_session, _run, _request) = (null, null, null);
        return true;
    }
}

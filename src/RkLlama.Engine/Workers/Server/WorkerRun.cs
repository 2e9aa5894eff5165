namespace RkLlama.Engine.Workers.Server;

/// <summary>A run that was sent to the worker and has not ended.</summary>
/// <param name="id">Its number on the pipe: a late frame of an earlier run has another one.</param>
internal sealed class WorkerRun(int id, Action<EngineRun> abort) : EngineRun(abort)
{
    internal int Id => id;

    /// <summary>Set before the run is sent.</summary>
    internal required RunWatchdog Watchdog { get; init; }

    /// <summary>Written by the frame thread before the run's end; only of an embedding.</summary>
    internal float[]? Embedding { get; set; }
}

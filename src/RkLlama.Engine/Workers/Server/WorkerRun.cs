namespace RkLlama.Engine.Workers.Server;

/// <summary>A run that was sent to the worker and has not ended.</summary>
/// <param name="id">The run's id in frames. Late frames of an earlier run have another id.</param>
internal sealed class WorkerRun(int id, Action<EngineRun> abort) : EngineRun(abort)
{
    internal int Id => id;

    /// <summary>Watches the run from the time before it is sent.</summary>
    internal required RunWatchdog Watchdog { get; init; }

    /// <summary>Set by the frame thread before the end of an embedding run; else <see langword="null"/>.</summary>
    internal float[]? Embedding { get; set; }
}

namespace RkLlama.Engine.Workers.Server;

/// <summary>The active run of a <see cref="WorkerSession"/>, with its id and its watchdog.</summary>
/// <param name="id">The id of the run in frames. A late frame of an earlier run has another id.</param>
internal sealed class WorkerRun(int id, Action<EngineRun> abort) : EngineRun(abort)
{
    internal int Id => id;

    /// <summary>Enforces the timeouts of the run. Starts before the run is sent to the worker.</summary>
    internal required RunWatchdog Watchdog { get; init; }

    /// <summary>The embedding. The frame thread sets it before the end of an embedding run; before that, and for other runs, <see langword="null"/>.</summary>
    internal float[]? Vector { get; set; }
}

using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Workers;

/// <summary>A load, a run or a probe of the vendor library failed. The message describes the cause and may be sent to the client.</summary>
internal class EngineException(string message) : Exception(message), IHasFailureCode
{
    /// <inheritdoc/>
    public FailureCode? Code { get; init; }

    /// <summary>How the worker died, if its death ended a run; otherwise <see langword="null"/>.</summary>
    internal WorkerDeath? Death { get; init; }

    /// <summary>
    /// Whether the cause is outside of the model and may go away without a new load by the operator: the executable or the vendor library is missing or cannot
    /// be loaded, for example while a package is updated.
    /// </summary>
    internal bool IsTransient
    {
        get => field || Code is FailureCode.LibraryNotFound or FailureCode.LibraryNotLoadable or FailureCode.LibraryDependencyMissing;
        init;
    }
}

/// <summary>The model file is missing, cannot be read, or is not a model. Found out before the load.</summary>
internal sealed class ModelFileException : EngineException
{
    internal ModelFileException(string problem)
        : base(problem) => Code = FailureCode.ModelFileInvalid;
}

/// <summary>A worker process survived SIGKILL: it is blocked in the NPU driver and still occupies the NPU. Usually only a reboot of the board helps.</summary>
/// <param name="exited">Completes when the process exits, which may never happen.</param>
internal sealed class WorkerStuckException(int processId, Task exited) : EngineException(
    $"worker process {processId} was killed and is still there, stuck in the NPU driver: no model can be loaded until the board is rebooted")
{
    internal Task Exited => exited;
}

/// <summary>The session died before the run started, so the caller may start the run on another session. See <see cref="IEngineSession.Died"/>.</summary>
internal sealed class SessionDiedException() : Exception("The session has died.");

using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Workers;

/// <summary>The engine could not do what was asked; the message is one sentence for the client.</summary>
internal class EngineException(string message) : Exception(message), IHasFailureCode
{
    /// <inheritdoc/>
    public FailureCode? Code { get; init; }
}

/// <summary>A worker process survived SIGKILL: the driver holds it, and the NPU with it. Only a reboot of the board helps.</summary>
/// <param name="exited">Completes if the process exits after all.</param>
internal sealed class WorkerStuckException(int processId, Task exited) : EngineException(
    $"worker process {processId} was killed and is still there, stuck in the NPU driver: no model can be loaded until the board is rebooted")
{
    internal Task Exited => exited;
}

/// <summary>The session died before it took the run; see <see cref="IEngineSession.Died"/>.</summary>
internal sealed class SessionDiedException() : Exception("The session has died.");

namespace RkLlama.Engine.Residency;

/// <summary>A resident model and the supervisor of its worker.</summary>
/// <param name="bytes">Estimated memory of the loaded model, in bytes.</param>
/// <param name="domain">The first NPU domain of the model.</param>
internal sealed class Resident(ModelInstance model, WorkerSupervisor supervisor, long bytes, int domain)
{
    internal ModelInstance Model => model;

    internal WorkerSupervisor Supervisor => supervisor;

    /// <summary>Estimated memory of the loaded model, in bytes.</summary>
    internal long Bytes => bytes;

    /// <summary>The first NPU domain of the model, at least 1.</summary>
    internal int Domain => domain;

    /// <summary>Whether the model is loading, loaded or restarting.</summary>
    internal bool IsBusy => model.State is not (ModelState.Failed or ModelState.Stuck);

    /// <summary>Completes when the first load of the model has succeeded or failed.</summary>
    internal Task Load { get; set; } = Task.CompletedTask;
}

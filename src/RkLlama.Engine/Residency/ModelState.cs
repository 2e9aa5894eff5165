using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>The state of a model. <see cref="ModelInstance"/> stores it and defines the allowed transitions.</summary>
internal enum ModelState
{
    /// <summary>The model has no worker.</summary>
    NotLoaded,

    /// <summary>The first worker of the model is starting, or is loading the model.</summary>
    Loading,

    /// <summary>The worker has loaded the model and no run is active.</summary>
    Ready,

    /// <summary>A run is active.</summary>
    Running,

    /// <summary>The worker died. The next one is starting, or is loading the model. Requests wait.</summary>
    Restarting,

    /// <summary>
    /// The workers of the model died too often, or could not be started. If the library or the executable is missing, the server tries it again later. Otherwise
    /// the model must be loaded again.
    /// </summary>
    Failed,

    /// <summary>The worker survived SIGKILL, because it is blocked in the NPU driver. No model can be loaded. Usually only a reboot helps.</summary>
    Stuck,

    /// <summary>The worker is ending.</summary>
    Unloading,
}

internal static class ModelStates
{
    /// <summary>The names of the states in the responses of <c>/health</c> and <c>/current_model</c>, and in <c>/metrics</c>.</summary>
    internal static IReadOnlyList<string> WireNames { get; } = ["none", "loading", "loaded", "restarting", "failed", "stuck"];

    /// <summary>
    /// Returns one of <see cref="WireNames"/>. <see cref="ModelState.Running"/> becomes "loaded", <see cref="ModelState.Unloading"/> becomes "none".
    /// </summary>
    internal static string ToWire(this ModelState state) => state switch
    {
        ModelState.Loading => "loading",
        ModelState.Ready or ModelState.Running => "loaded",
        ModelState.Restarting => "restarting",
        ModelState.Failed => "failed",
        ModelState.Stuck => "stuck",
        _ => "none",
    };
}

/// <summary>The state of the node at one moment.</summary>
/// <param name="Model">Name of the model that is loading, loaded, restarting, failed or stuck; null if there is none.</param>
/// <param name="Facts">Properties of the loaded model; null while no worker has loaded it.</param>
/// <param name="LastFault">The last failure of any model; null if there was none.</param>
/// <param name="Failure">The reason if the state is failed or stuck; else null.</param>
internal sealed record ModelStatus(ModelState State, string? Model, LoadedModelInfo? Facts, Fault? LastFault, string? Failure);

using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>What a model is doing. <see cref="ModelInstance"/> stores it and lists the transitions that are allowed.</summary>
internal enum ModelState
{
    /// <summary>No worker has the model.</summary>
    NotLoaded,

    /// <summary>Its first worker starts and loads it.</summary>
    Loading,

    /// <summary>Its worker waits for a run.</summary>
    Ready,

    /// <summary>Its worker runs.</summary>
    Running,

    /// <summary>Its worker died and another one starts. Requests wait.</summary>
    Restarting,

    /// <summary>Its workers died too often. Only another load helps.</summary>
    Failed,

    /// <summary>Its worker survived SIGKILL: the NPU driver holds it. Only a reboot helps.</summary>
    Stuck,

    /// <summary>Its worker is being ended.</summary>
    Unloading,
}

internal static class ModelStates
{
    /// <summary>The words of <c>/health</c>, <c>/current_model</c> and <c>/metrics</c>, in the order of a model's life.</summary>
    internal static IReadOnlyList<string> WireNames { get; } = ["none", "loading", "loaded", "restarting", "failed", "stuck"];

    /// <summary>One of <see cref="WireNames"/>. A model that runs is loaded; one that is being unloaded is gone.</summary>
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

/// <summary>The state of the node's model at one moment.</summary>
/// <param name="Model">The model that is loaded or loading.</param>
/// <param name="Facts">Known while a worker has the model.</param>
/// <param name="LastFault">The last failure of any model.</param>
/// <param name="Failure">Why the state is failed or stuck.</param>
internal sealed record ModelStatus(ModelState State, string? Model, EngineFacts? Facts, Fault? LastFault, string? Failure);

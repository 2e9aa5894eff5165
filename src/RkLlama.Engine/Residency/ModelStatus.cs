using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>What a model is doing.</summary>
internal enum ModelState
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>It loads for the first time.</summary>
    Loading,

    /// <summary>It can run.</summary>
    Loaded,

    /// <summary>Its worker died and another is being started; requests wait.</summary>
    Restarting,

    /// <summary>Its workers died too often; it has to be loaded again.</summary>
    Failed,

    /// <summary>A worker cannot be ended; nothing helps but a reboot.</summary>
    Stuck,
}

/// <param name="Facts">While it is loaded.</param>
/// <param name="Failure">Why it is failed or stuck.</param>
internal sealed record ModelStatus(ModelState State, string? Model, EngineFacts? Facts, Fault? LastFault, string? Failure);

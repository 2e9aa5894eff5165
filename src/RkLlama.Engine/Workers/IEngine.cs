using RkLlama.Native;

namespace RkLlama.Engine.Workers;

/// <summary>The seam between the server and whatever runs models: worker processes, or a fake in tests.</summary>
internal interface IEngine
{
    /// <summary>Loads a model; takes seconds.</summary>
    /// <exception cref="EngineException">It could not be loaded; the message is for the client.</exception>
    Task<IEngineSession> LoadAsync(EngineModel model, CancellationToken cancellationToken);

    /// <summary>Identifies the vendor library and logs the result, without loading a model. Never fails: a library may be installed later.</summary>
    Task ProbeAsync();
}

/// <summary>What to load.</summary>
/// <param name="Name">The model's name, for messages.</param>
/// <param name="ModelPath">Full path of the <c>.rkllm</c> file.</param>
/// <param name="MaxContextLength">Context length in tokens.</param>
/// <param name="MaxNewTokens">Bound of one answer in tokens.</param>
internal sealed record EngineModel(string Name, string ModelPath, int MaxContextLength, int MaxNewTokens, SamplingParameters Sampling)
{
    /// <summary>Whether a run may use what the KV cache holds of the run before it.</summary>
    internal bool ReusesKvCache { get; init; } = true;

    /// <summary>Whether the runtime's own chat template stays in force.</summary>
    internal bool KeepsChatTemplate { get; init; }
}

/// <summary>A loaded model. Disposing it ends the worker, so all of its memory comes back.</summary>
internal interface IEngineSession : IAsyncDisposable
{
    EngineFacts Facts { get; }

    /// <summary>The process that has the model; <see langword="null"/> where it is none of its own.</summary>
    int? ProcessId => null;

    /// <summary>Completes, with the reason, when the session ends without having been disposed.</summary>
    Task<string> Died { get; }

    /// <summary>Set while a killed worker process still exists: the NPU is not free.</summary>
    WorkerStuckException? Stuck { get; }

    /// <summary>Starts a run. Only when the run before it has completed.</summary>
    /// <exception cref="SessionDiedException">The session is dead; the run has not begun, so another session may have it.</exception>
    EngineRun Start(GenerationInput input, RunParameters parameters);

    /// <summary>Starts a run without tokens; its outcome has the embedding of the input. Otherwise like <see cref="Start"/>.</summary>
    /// <param name="isMean">The mean of all tokens' hidden states; otherwise the last one's.</param>
    /// <exception cref="SessionDiedException">The session is dead; the run has not begun, so another session may have it.</exception>
    EngineRun StartEmbedding(GenerationInput input, bool isMean);
}

/// <summary>What is known of a loaded model and the runtime under it.</summary>
/// <param name="RuntimeVersion">E.g. <c>1.2.3</c>, as the runtime says of itself, or else as it was identified.</param>
/// <param name="MaxContextLength">The context length in force, in tokens.</param>
/// <param name="MaxNewTokens">The bound of one answer in force, in tokens.</param>
internal sealed record EngineFacts(string RuntimeVersion, string? DriverVersion, bool HasPerRunSampling, int MaxContextLength, int MaxNewTokens);

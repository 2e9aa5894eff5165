using RkLlama.Native;

namespace RkLlama.Engine.Workers;

/// <summary>Loads models. Implemented with worker processes, and by a fake in tests.</summary>
internal interface IEngine
{
    /// <summary>Loads a model. Takes seconds.</summary>
    /// <exception cref="EngineException">The model could not be loaded. The message is for the client.</exception>
    Task<IEngineSession> LoadAsync(ModelLoadParameters model, CancellationToken cancellationToken);

    /// <summary>Identifies the vendor library without loading a model, and logs the result. Never throws, because a library may be installed later.</summary>
    Task ProbeAsync();
}

/// <summary>The parameters to load a model.</summary>
/// <param name="Name">The model's name, for messages.</param>
/// <param name="ModelPath">Full path of the <c>.rkllm</c> file.</param>
/// <param name="MaxContextLength">Context length in tokens.</param>
/// <param name="MaxNewTokens">Maximum number of tokens of one generation.</param>
/// <param name="Sampling">The model's default sampling values.</param>
internal sealed record ModelLoadParameters(string Name, string ModelPath, int MaxContextLength, int MaxNewTokens, SamplingParameters Sampling)
{
    /// <summary>Whether a run may reuse the KV cache of the previous run.</summary>
    internal bool ReusesKvCache { get; init; } = true;

    /// <summary>Whether the runtime applies its own chat template.</summary>
    internal bool KeepsChatTemplate { get; init; }
}

/// <summary>A loaded model. Disposing the session ends the worker and frees all of its memory.</summary>
internal interface IEngineSession : IAsyncDisposable
{
    LoadedModelInfo Facts { get; }

    /// <summary>Process id of the worker; <see langword="null"/> if the engine has no worker process.</summary>
    int? ProcessId => null;

    /// <summary>Completes with the reason if the session ends before it is disposed.</summary>
    Task<string> Died { get; }

    /// <summary>Not null while the worker process exists although it was killed: the NPU is not free.</summary>
    WorkerStuckException? Stuck { get; }

    /// <summary>Starts a run. The previous run must be complete.</summary>
    /// <exception cref="SessionDiedException">The session has died. The run has not started and may be started on another session.</exception>
    EngineRun Start(RunInput input, RunParameters parameters);

    /// <summary>
    /// Starts a run that computes the embedding of the input and generates no tokens. The outcome has the embedding. The previous run must be complete.
    /// </summary>
    /// <param name="isMean">True for the mean of the hidden states of all tokens, false for the hidden state of the last token.</param>
    /// <exception cref="SessionDiedException">The session has died. The run has not started and may be started on another session.</exception>
    EngineRun StartEmbedding(RunInput input, bool isMean);
}

/// <summary>Properties of a loaded model and of its runtime.</summary>
/// <param name="RuntimeVersion">The version that the runtime reports, for example <c>1.2.3</c>. If it reports none, the identified version.</param>
/// <param name="DriverVersion">The version of the NPU driver that the runtime reports; <see langword="null"/> if it reports none.</param>
/// <param name="HasPerRunSampling">Whether the runtime accepts other sampling values for each run.</param>
/// <param name="MaxContextLength">The effective context length in tokens.</param>
/// <param name="MaxNewTokens">The effective maximum number of tokens of one generation.</param>
internal sealed record LoadedModelInfo(string RuntimeVersion, string? DriverVersion, bool HasPerRunSampling, int MaxContextLength, int MaxNewTokens);

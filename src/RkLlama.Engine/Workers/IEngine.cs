using RkLlama.Native;

namespace RkLlama.Engine.Workers;

/// <summary>Loads models. <c>WorkerEngine</c> implements it with one worker process per loaded model. Tests use a fake.</summary>
internal interface IEngine
{
    /// <summary>Loads a model and returns its session. Takes seconds.</summary>
    /// <exception cref="EngineException">The model could not be loaded. The message may be sent to the client.</exception>
    Task<IEngineSession> LoadAsync(ModelLoadParameters model, CancellationToken cancellationToken);

    /// <summary>
    /// Identifies the vendor library without loading a model. Logs the result, or the reason why the library cannot be used. Does not throw in the second case,
    /// because the library may be installed later.
    /// </summary>
    /// <returns>
    /// The version, for example <c>1.2.3</c>, or a range such as <c>1.2.1 to 1.2.3</c>; <see langword="null"/> if the library cannot be used.
    /// </returns>
    Task<string?> ProbeAsync();

    /// <summary>
    /// Logs the version of the optional vendor library for the encoders of vision models, without loading it; or why it cannot be used. Logs nothing if the node has
    /// none and needs none.
    /// </summary>
    void ReportEncoderLibrary()
    {
    }
}

/// <summary>The parameters of a load.</summary>
/// <param name="Name">Name of the model, for messages and metrics.</param>
/// <param name="ModelPath">Full path of the <c>.rkllm</c> file.</param>
/// <param name="MaxContextLength">Requested context length in tokens. If the model allows only a smaller one, it is loaded with that.</param>
/// <param name="MaxNewTokens">Maximum number of tokens of one generation, at least 1.</param>
/// <param name="Sampling">Sampling values of runs that do not set their own.</param>
internal sealed record ModelLoadParameters(string Name, string ModelPath, int MaxContextLength, int MaxNewTokens, SamplingParameters Sampling)
{
    /// <summary>Whether a run may reuse the KV cache of the previous run.</summary>
    internal bool ReusesKvCache { get; init; } = true;

    /// <summary>Whether the runtime applies its own chat template to text prompts. If false, the load disables this template.</summary>
    internal bool KeepsChatTemplate { get; init; }

    /// <summary>
    /// The first address space (domain) of the NPU that the model uses, at least 1. Models that are loaded at the same time have different ones. Library
    /// versions before 1.2.2 have only one, and ignore this value.
    /// </summary>
    internal int NpuDomain { get; init; } = 1;

    /// <summary>
    /// Identifies what the beginning of the model's prompts depends on, such as its chat template. <see langword="null"/> if no prefix may be loaded for the model.
    /// </summary>
    internal string? PromptIdentity { get; init; }
}

/// <summary>
/// A loaded model in its worker. Disposing the session ends the worker, which frees all memory of the model. If the worker survives SIGKILL,
/// <see cref="Stuck"/> is set.
/// </summary>
internal interface IEngineSession : IAsyncDisposable
{
    LoadedModelInfo Facts { get; }

    /// <summary>Process id of the worker; <see langword="null"/> if the engine has no worker process.</summary>
    int? ProcessId => null;

    /// <summary>
    /// Completes with the reason, as text for messages, if the worker exits or must be killed before the session is disposed. Otherwise never completes.
    /// </summary>
    Task<string> Died { get; }

    /// <summary>Set while the worker process still exists after SIGKILL: the NPU is not free. Otherwise <see langword="null"/>.</summary>
    WorkerStuckException? Stuck { get; }

    /// <summary>Starts a run and returns at once. The previous run must have ended.</summary>
    /// <param name="clearsCache">Whether the KV cache is cleared before the run.</param>
    /// <exception cref="SessionDiedException">The session has died. The run has not started and may be started on another session.</exception>
    EngineRun Start(RunInput input, RunParameters parameters, bool clearsCache = false);

    /// <summary>
    /// Starts a run that computes the embedding of the input and generates no tokens. Returns at once. <see cref="RunOutcome.Vector"/> has the result. The
    /// previous run must have ended. The KV cache is cleared before and after the run.
    /// </summary>
    /// <param name="isMean">True for the mean of the hidden states of all tokens, false for the hidden state of the last token.</param>
    /// <exception cref="SessionDiedException">The session has died. The run has not started and may be started on another session.</exception>
    EngineRun StartEmbedding(RunInput input, bool isMean);

    /// <summary>
    /// Starts a run that computes the logits of some tokens as the next token, and generates no tokens. Returns at once. <see cref="RunOutcome.Vector"/> has the
    /// result: one value for each of <paramref name="tokens"/>. The previous run must have ended.
    /// </summary>
    /// <param name="tokens">Ids of tokens, at least one.</param>
    /// <param name="clearsCache">
    /// Whether the KV cache is cleared before the run. If false, the run reuses the part of the cache that is equal to the beginning of the input. The first such run
    /// of a worker is repeated without the cache. If its logits differ, the worker reuses no cache for logits.
    /// </param>
    /// <param name="keepsCache">Whether the KV cache is kept for the next run. If false, it is cleared after the run.</param>
    /// <exception cref="SessionDiedException">The session has died. The run has not started and may be started on another session.</exception>
    EngineRun StartScoring(RunInput input, IReadOnlyList<int> tokens, bool clearsCache, bool keepsCache);

    /// <summary>
    /// Starts a run that processes a prefix and saves the KV cache to a file. It generates one token, or a few before runtime 1.3. Returns at once. Some models save
    /// nothing although the run succeeds. The previous run must have ended.
    /// </summary>
    /// <param name="path">Path of an existing file, which is overwritten.</param>
    /// <exception cref="SessionDiedException">The session has died. The run has not started.</exception>
    EngineRun StartSavingPrefix(IReadOnlyList<int> tokens, string path);

    /// <summary>The tokens that <see cref="LoadPrefixAsync"/> has loaded into the KV cache; <see langword="null"/> if it has loaded none.</summary>
    IReadOnlyList<int>? LoadedPrefix { get; }

    /// <summary>Loads a file of <see cref="StartSavingPrefix"/> into the KV cache. Called at most once, before the first run.</summary>
    /// <param name="tokens">The tokens that the file may contain.</param>
    /// <param name="onCrash">
    /// Called if the file was loaded and the worker then crashes or hangs in its first run. Called before <see cref="Died"/> completes. Must return at once.
    /// </param>
    Task<PrefixLoadResult> LoadPrefixAsync(string path, IReadOnlyList<int> tokens, Action onCrash, CancellationToken cancellationToken);
}

/// <summary>The result of <see cref="IEngineSession.LoadPrefixAsync"/>.</summary>
internal enum PrefixLoadResult
{
    /// <summary>The KV cache contains the prefix.</summary>
    Loaded,

    /// <summary>The runtime refused the file. The KV cache is empty.</summary>
    Refused,

    /// <summary>The worker died or did not reply in time. The session is of no further use.</summary>
    Crashed,
}

/// <summary>Properties of a loaded model and of its runtime.</summary>
/// <param name="RuntimeVersion">
/// The version that the runtime reports, for example <c>1.2.3</c>. If it reports none: the version that was identified before the load, or a range such as
/// <c>1.2.1 to 1.2.3</c>.
/// </param>
/// <param name="DriverVersion">The version of the NPU driver that the runtime reports; <see langword="null"/> if it reports none.</param>
/// <param name="HasPerRunSampling">
/// Whether each run can have its own sampling values and maximum number of tokens (runtime 1.3.0 and later). If false, those of the load apply.
/// </param>
/// <param name="MaxContextLength">Context length of the loaded model, in tokens. May be smaller than the requested one.</param>
/// <param name="MaxNewTokens">Maximum number of tokens of one generation, as set by the load. May be smaller than the requested one.</param>
internal sealed record LoadedModelInfo(string RuntimeVersion, string? DriverVersion, bool HasPerRunSampling, int MaxContextLength, int MaxNewTokens);

using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RkLlama.Engine.Diagnostics;
using RkLlama.Native;

namespace RkLlama.Engine.Workers;

/// <summary>The seam between the server and whatever runs models: worker processes, or a fake in tests.</summary>
internal interface IEngine
{
    /// <summary>Loads a model; takes seconds.</summary>
    /// <exception cref="EngineException">It could not be loaded; the message is for the client.</exception>
    Task<IEngineSession> LoadAsync(EngineModel model, CancellationToken cancellationToken);
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

    /// <summary>Set while the worker is still there although it was killed: the NPU is not free, whoever died.</summary>
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

/// <summary>One token of the answer and the text that became complete by it, possibly none.</summary>
internal readonly record struct EngineToken(int TokenId, string Text);

/// <summary>How a run ended and when, in <see cref="System.Diagnostics.Stopwatch"/> timestamps taken where the engine's data arrived.</summary>
/// <param name="FirstToken"><see langword="null"/> when there was none.</param>
internal sealed record RunOutcome(GenerationEnd End, long? FirstToken, long Ended)
{
    /// <summary>A vector of length 1; only where one was asked for and the run succeeded.</summary>
    internal float[]? Embedding { get; init; }
}

/// <summary>Why a run was stopped before its own end.</summary>
internal enum AbortCause
{
    /// <summary>Nobody reads the answer any more.</summary>
    ClientLeft,

    /// <summary>The model goes.</summary>
    Unloaded,

    /// <summary>The answer has all the tokens it may have.</summary>
    Length,

    /// <summary>The answer has come to a stop sequence of the request.</summary>
    StopSequence,

    /// <summary>The answer had run into a loop.</summary>
    Repetition,

    /// <summary>The model has thought for as long as it may; it goes on with its answer in another run.</summary>
    ThinkingBudget,
}

/// <summary>One run, seen by its owner: the request reads the tokens, the queue waits for the completion.</summary>
/// <param name="tokens">All tokens, as many at a time as came together, then the end. Never blocks the engine: its size is bounded by the answer's.</param>
/// <param name="completion">How the run ended; set when the runtime itself is done or dead, not before, so the next run may start.</param>
/// <param name="abort">Asks for the end of the run, any number of times; returns at once.</param>
internal sealed class EngineRun(ChannelReader<EngineToken[]> tokens, Task<RunOutcome> completion, Action abort)
{
    // An AbortCause, or -1; set once, by whoever aborts first.
    private int _abortCause = -1;

    internal Task<RunOutcome> Completion { get; } = completion;

    /// <summary>The first reason to abort the run, or <see langword="null"/> when nobody has.</summary>
    internal AbortCause? AbortCause => Volatile.Read(ref _abortCause) is >= 0 and var cause ? (AbortCause)cause : null;

    /// <summary>The tokens in order; once. What has come is there without waiting.</summary>
    internal async IAsyncEnumerable<EngineToken> ReadTokensAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (EngineToken[] together in tokens.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (EngineToken token in together)
                yield return token;
        }
    }

    internal void Abort(AbortCause cause)
    {
        Interlocked.CompareExchange(ref _abortCause, (int)cause, -1);
        abort();
    }
}

/// <summary>The engine could not do what was asked; the message is one sentence for the client.</summary>
internal class EngineException(string message) : Exception(message), ICodedFailure
{
    /// <inheritdoc/>
    public FailureCode? Code { get; init; }
}

/// <summary>A worker process does not go although it was killed: the driver holds it, and the NPU with it. Only a reboot of the board helps.</summary>
/// <param name="isStillThere">Whether the process is there even now.</param>
internal sealed class WorkerStuckException(int processId, Func<bool> isStillThere) : EngineException(
    $"worker process {processId} was killed and is still there, stuck in the NPU driver: no model can be loaded until the board is rebooted")
{
    internal bool IsStillThere => isStillThere();
}

/// <summary>The session died before it took the run; see <see cref="IEngineSession.Died"/>.</summary>
internal sealed class SessionDiedException() : Exception("The session has died.");

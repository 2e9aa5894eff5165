using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Tests.Support;

/// <summary>An engine whose behaviour a test sets.</summary>
internal sealed class FakeEngine : IEngine
{
    /// <summary>Called for each load. By default, the load succeeds immediately.</summary>
    public Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> Load { get; set; }

    /// <summary>Called for each run. By default, the run sends three tokens.</summary>
    public Func<FakeRun, Task> Run { get; set; } = static async run =>
    {
        foreach (string token in (string[])["Hello", ",", " world"])
            await run.SendAsync(token);
        run.End(RunEndReason.Stop);
    };

    /// <summary>Writes the file of a prefix at the start of the run that saves it. By default, the file contains 1000 bytes.</summary>
    public Action<IReadOnlyList<int>, string> SavePrefix { get; set; } = static (_, path) => File.WriteAllBytes(path, new byte[1000]);

    /// <summary>Called for each load of a prefix. By default, the load succeeds.</summary>
    public Func<string, IReadOnlyList<int>, PrefixLoadResult> LoadPrefix { get; set; } = static (_, _) => PrefixLoadResult.Loaded;

    /// <summary>All loaded sessions, oldest first.</summary>
    public List<FakeSession> Sessions { get; } = [];

    public FakeEngine() => Load = (model, _) =>
    {
        FakeSession session = new(this, model);
        lock (Sessions)
            Sessions.Add(session);
        return Task.FromResult<IEngineSession>(session);
    };

    public Task<IEngineSession> LoadAsync(ModelLoadParameters model, CancellationToken cancellationToken) => Load(model, cancellationToken);

    /// <summary>The version that a probe returns.</summary>
    public string? RuntimeVersion { get; set; } = "1.2.3";

    public Task<string?> ProbeAsync() => Task.FromResult(RuntimeVersion);
}

internal sealed class FakeSession(FakeEngine engine, ModelLoadParameters model) : IEngineSession
{
    private readonly TaskCompletionSource<string> _died = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeRun? _run;

    public ModelLoadParameters Model => model;

    public bool IsDisposed { get; private set; }

    public string RuntimeVersion { get; set; } = "1.2.3";

    public LoadedModelInfo Facts => new(RuntimeVersion, "0.9.8", false, model.MaxContextLength, model.MaxNewTokens);

    public Task<string> Died => _died.Task;

    public WorkerStuckException? Stuck { get; set; }

    /// <summary>Ends the session as if its worker had crashed.</summary>
    /// <param name="death">How the worker died, if it died during a run.</param>
    public void Crash(string reason, WorkerDeath death = WorkerDeath.Crash)
    {
        _run?.Engine.Complete(new(RunEndReason.Error, 0, null, reason), death: death);
        _died.TrySetResult(reason);
    }

    public EngineRun Start(RunInput input, RunParameters parameters, bool clearsCache = false)
    {
        if (_run is { HasEnded: false })
            throw new InvalidOperationException("Two runs at once.");

        FakeRun run = _run = new(input) { ClearsCache = clearsCache };
        _ = engine.Run(run);
        return run.Engine;
    }

    public EngineRun StartEmbedding(RunInput input, bool isMean) => Start(input, RunParameters.Default);

    public EngineRun StartScoring(RunInput input, IReadOnlyList<int> tokens, bool clearsCache, bool keepsCache) => Start(input, RunParameters.Default, clearsCache);

    /// <summary>The path of the prefix file that the session has loaded; null if it has loaded none.</summary>
    public string? LoadedFile { get; private set; }

    public IReadOnlyList<int>? LoadedPrefix { get; set; }

    public EngineRun StartSavingPrefix(IReadOnlyList<int> tokens, string path)
    {
        engine.SavePrefix(tokens, path);
        return Start(RunInput.FromTokens(tokens), RunParameters.Default);
    }

    public Task<PrefixLoadResult> LoadPrefixAsync(string path, IReadOnlyList<int> tokens, Action onCrash, CancellationToken cancellationToken)
    {
        PrefixLoadResult result = engine.LoadPrefix(path, tokens);
        (LoadedFile, LoadedPrefix) = result == PrefixLoadResult.Loaded ? (path, tokens) : (null, null);
        OnFirstCrash = onCrash;
        return Task.FromResult(result);
    }

    /// <summary>What the session calls if its worker crashes in its first run after the load of a prefix.</summary>
    public Action? OnFirstCrash { get; private set; }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        _run?.Stop();
        return ValueTask.CompletedTask;
    }
}

/// <summary>One run of the fake engine. The test sends its tokens and ends it.</summary>
internal sealed class FakeRun
{
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;

    public FakeRun(RunInput input)
    {
        Prompt = input.Text ?? "";
        Tokens = input.Tokens;
        Engine = new(_ => _aborted.TrySetResult());
    }

    public string Prompt { get; }

    /// <summary>The prompt as token ids; null if it is text.</summary>
    public IReadOnlyList<int>? Tokens { get; }

    /// <summary>Whether the server asks for an empty KV cache.</summary>
    public bool ClearsCache { get; init; }

    public EngineRun Engine { get; }

    /// <summary>Completes when the server aborts the run, or disposes its session during the run.</summary>
    public Task Aborted => _aborted.Task;

    public bool HasEnded => Engine.Completion.IsCompleted;

    /// <summary>Stops the run because its session is disposed. An unload aborts the run and disposes the session at once, so either may come first.</summary>
    internal void Stop()
    {
        if (!HasEnded)
            _aborted.TrySetResult();
        End(RunEndReason.Cancelled);
    }

    /// <summary>Sends a token. Runs on another thread, so that the continuation of the reader cannot block the test.</summary>
    public async ValueTask SendAsync(string text)
    {
        await Task.Yield();
        Engine.Add(new(++_count, text));
        Engine.Flush();
    }

    /// <inheritdoc cref="SendAsync(string)"/>
    /// <param name="id">The id of the token.</param>
    public async ValueTask SendAsync(int id, string text)
    {
        await Task.Yield();
        _count++;
        Engine.Add(new(id, text));
        Engine.Flush();
    }

    /// <param name="tokens">
    /// The number of tokens that the runtime reports, without the end-of-text token; <see langword="null"/> for the number of sent tokens.
    /// </param>
    public void End(RunEndReason reason, string? error = null, int? tokens = null) => Engine.Complete(new(reason, tokens ?? _count, null, error));

    /// <summary>Ends the run because its prompt is longer than the context.</summary>
    /// <param name="tokens">The length of the prompt; <see langword="null"/> if the runtime does not say it.</param>
    public void Refuse(int? tokens) => Engine.Complete(new(RunEndReason.Error, 0, null, "the runtime refused the run"), refused: new(tokens));
}

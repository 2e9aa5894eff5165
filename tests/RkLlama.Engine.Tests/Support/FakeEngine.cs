using System.Diagnostics;
using System.Threading.Channels;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Tests.Support;

/// <summary>An engine whose behaviour is what a test says.</summary>
internal sealed class FakeEngine : IEngine
{
    /// <summary>What a load does; by default it succeeds at once.</summary>
    public Func<EngineModel, CancellationToken, Task<IEngineSession>> Load { get; set; }

    /// <summary>What a run says, by its prompt; by default three tokens.</summary>
    public Func<FakeRun, Task> Run { get; set; } = static async run =>
    {
        foreach (string token in (string[])["Hello", ",", " world"])
            await run.SendAsync(token);
        run.End(RunEndReason.Stop);
    };

    /// <summary>Every session that was loaded, oldest first.</summary>
    public List<FakeSession> Sessions { get; } = [];

    public FakeEngine() => Load = (model, _) =>
    {
        FakeSession session = new(this, model);
        lock (Sessions)
            Sessions.Add(session);
        return Task.FromResult<IEngineSession>(session);
    };

    public Task<IEngineSession> LoadAsync(EngineModel model, CancellationToken cancellationToken) => Load(model, cancellationToken);

    public Task ProbeAsync() => Task.CompletedTask;
}

internal sealed class FakeSession(FakeEngine engine, EngineModel model) : IEngineSession
{
    private readonly TaskCompletionSource<string> _died = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeRun? _run;

    public EngineModel Model => model;

    public bool IsDisposed { get; private set; }

    public EngineFacts Facts => new("1.2.3", "0.9.8", false, model.MaxContextLength, model.MaxNewTokens);

    public Task<string> Died => _died.Task;

    public WorkerStuckException? Stuck { get; set; }

    /// <summary>Ends the session as a crash would.</summary>
    public void Crash(string reason)
    {
        _run?.End(RunEndReason.Error, reason);
        _died.TrySetResult(reason);
    }

    public EngineRun Start(GenerationInput input, RunParameters parameters)
    {
        if (_run is { HasEnded: false })
            throw new InvalidOperationException("Two runs at once.");

        FakeRun run = _run = new(input);
        _ = engine.Run(run);
        return run.Engine;
    }

    public EngineRun StartEmbedding(GenerationInput input, bool isMean) => Start(input, RunParameters.Default);

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        _run?.End(RunEndReason.Cancelled);
        return ValueTask.CompletedTask;
    }
}

/// <summary>One run of the fake engine, driven by the test.</summary>
internal sealed class FakeRun
{
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;

    public FakeRun(GenerationInput input)
    {
        Prompt = input.Text ?? "";
        Engine = new(_ => _aborted.TrySetResult());
    }

    public string Prompt { get; }

    public EngineRun Engine { get; }

    /// <summary>Completes when the server asks for the end.</summary>
    public Task Aborted => _aborted.Task;

    public bool HasEnded => Engine.Completion.IsCompleted;

    /// <summary>Sends a token. The reader goes on on a thread of its own, so that a test cannot block in it.</summary>
    public async ValueTask SendAsync(string text)
    {
        await Task.Yield();
        Engine.Add(new(++_count, text));
        Engine.Flush();
    }

    /// <param name="tokens">How many tokens the answer has by the runtime's count, which leaves out the one that ended it.</param>
    public void End(RunEndReason reason, string? error = null, int? tokens = null) => Engine.Complete(new(reason, tokens ?? _count, null, error));
}

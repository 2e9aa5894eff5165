using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Tests;

/// <summary>
/// The node without HTTP and background services: with a fake engine, a clock that the test advances, and one model "m" in a temporary directory.
/// </summary>
internal sealed class EngineNode : IAsyncDisposable
{
    private readonly TempDirectory _models = new();

    internal EngineNode(Func<NodeOptions, NodeOptions>? configure = null)
    {
        NodeOptions options = new() { ModelsDirectory = _models.Path };
        Options = configure?.Invoke(options) ?? options;
        Catalog = new(_models.Path);
        Faults = new(Time);
        PromptFactory = new(Options, Cpu, Time, NullLogger<PromptBuilderFactory>.Instance);
        Host = new(Engine, Catalog, PromptFactory, Faults, Metrics, Options, Time, NullLogger<ModelHost>.Instance);
        KvCaches caches = new(Host);
        Queue = RunQueue.Of(Options, caches, Time, Metrics);
        Scheduler = new(Queue, Host, caches);
        AddModel("m");
    }

    internal HeldRuns Runs { get; } = new();

    internal FakeEngine Engine => Runs.Engine;

    internal SettableTime Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    internal NodeMetrics Metrics { get; } = new();

    internal NodeOptions Options { get; }

    internal ModelCatalog Catalog { get; }

    internal FaultLog Faults { get; }

    internal PromptBuilderFactory PromptFactory { get; }

    internal ModelHost Host { get; }

    internal RunQueue Queue { get; }

    internal ModelScheduler Scheduler { get; }

    internal LogLines<GenerationService> GenerationLog { get; } = new();

    internal MetricsPage MetricsPage => new(Encoding.UTF8.GetString(Metrics.Store.Scrape()));

    internal void AddModel(string name, string modelfile = "FROM=\"m.rkllm\"\n")
    {
        _models.Write($"{name}/Modelfile", modelfile);
        File.WriteAllBytes(_models.At($"{name}/m.rkllm"), [.. Enumerable.Repeat((byte)7, 4096)]);
    }

    internal void Write(string path, string content) => _models.Write(path, content);

    internal void MakePipe(string path) => _models.MakePipe(path);

    internal ModelInstance NewInstance(string name, Action<ModelInstance, ModelState> changed)
    {
        ModelEntry entry = Catalog.Find(name);
        return new(entry, unloaded => PromptFactory.LoadAsync(entry, unloaded), changed);
    }

    internal Task<ModelLease> AcquireAsync(ModelInstance model, CancellationToken cancellationToken = default, TimeSpan? keepAlive = null, bool isRetry = false) =>
        Scheduler.AcquireAsync(model, new(model.Name) { IsRetry = isRetry }, keepAlive, cancellationToken).WaitAsync(HeldRuns.Patience, CancellationToken.None);

    /// <summary>Loads a model as a request does, without the queue.</summary>
    internal async Task<WorkerSupervisor> EnsureLoadedAsync(ModelInstance model)
    {
        LoadAttempts attempts = new();
        while (true)
        {
            Task load = Host.BeginLoad(model, attempts, out WorkerSupervisor? worker);
            if (worker is not null)
                return worker;
            await load.WaitAsync(HeldRuns.Patience);
        }
    }

    internal CpuPool Cpu { get; } = new();

    internal GenerationService NewGenerationService() => new(Host, Scheduler, Cpu, Options, Metrics, GenerationLog);

    /// <summary>Makes loads wait until the returned source is set, or until they are cancelled.</summary>
    internal TaskCompletionSource HoldLoads()
    {
        TaskCompletionSource allowed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = Engine.Load;
        Engine.Load = async (model, cancellationToken) =>
        {
            await allowed.Task.WaitAsync(cancellationToken);
            return await load(model, cancellationToken);
        };
        return allowed;
    }

    /// <summary>Makes the next loads fail.</summary>
    internal void FailLoads(int count, string reason = "no memory")
    {
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = Engine.Load;
        int attempts = 0;
        Engine.Load = (model, cancellationToken) =>
            Interlocked.Increment(ref attempts) <= count ? Task.FromException<IEngineSession>(new EngineException(reason)) : load(model, cancellationToken);
    }

    internal static EngineRun Start(IEngineSession session) => session.Start(RunInput.FromText("Hi"), RunParameters.Default);

    internal static GenerationRequest Ask(string text = "Hi", string id = "test") => new(new Conversation([new("user", text)]), SamplingParameters.Default, null)
    {
        Model = "m",
        Trace = new(id),
        Output = new(),
    };

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        Metrics.Dispose();
        Cpu.Dispose();
        Runs.Dispose();
        _models.Dispose();
    }
}

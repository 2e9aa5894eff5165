using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Scheduling;

public sealed class ModelPreloaderTests : IAsyncDisposable
{
    private readonly EngineNode _node = new();
    private readonly ProbedEngine _engine = new();
    private readonly Readiness _readiness;

    public ModelPreloaderTests() => _readiness = new(_node.Host, _node.Queue);

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    private ModelPreloader New(params string[] names) => new(
        _node.Options with { Preload = names }, _node.Catalog, _node.Host, _node.Queue, _engine, _readiness, _node.Time, NullLogger<ModelPreloader>.Instance);

    [Fact]
    public async Task The_named_model_is_loaded_and_becomes_the_preloaded_one()
    {
        TaskCompletionSource allowed = _node.HoldLoads();
        using ModelPreloader preloader = New("m");
        await preloader.StartAsync(default);
        _readiness.Evaluate().Status.Should().Be("loading");

        allowed.SetResult();
        await preloader.ExecuteTask!.WaitAsync(Patience);

        _node.Host.PreloadedModels.Should().Equal(_node.Host.Current!);
        _readiness.Evaluate().Status.Should().Be("ready");
        _engine.Probes.Should().Be(0);
    }

    [Fact]
    public async Task Without_a_name_the_library_is_identified_and_nothing_is_loaded()
    {
        using ModelPreloader preloader = New();

        await preloader.StartAsync(default);
        await preloader.ExecuteTask!.WaitAsync(Patience);

        _engine.Probes.Should().Be(1);
        _node.Host.HasModel.Should().BeFalse();
        _readiness.Evaluate().Status.Should().Be("ready");
    }

    [Fact]
    public async Task A_failed_load_is_tried_again_after_its_delay()
    {
        _node.FailLoads(1);
        using ModelPreloader preloader = New("m");
        await preloader.StartAsync(default);
        await EventuallyAsync(() => _readiness.Evaluate().Status == "failed");
        _readiness.Evaluate().Reason.Should().Contain("no memory");

        await EventuallyAsync(() =>
        {
            _node.Time.Advance(TimeSpan.FromSeconds(30));
            return preloader.ExecuteTask!.IsCompleted;
        });

        _node.Host.PreloadedModels.Should().ContainSingle();
        _node.Engine.Sessions.Should().ContainSingle();
    }

    [Fact]
    public async Task A_model_that_does_not_exist_is_a_failure_too()
    {
        using ModelPreloader preloader = New("other");

        await preloader.StartAsync(default);
        await EventuallyAsync(() => _readiness.Evaluate().Status == "failed");

        _readiness.Evaluate().Reason.Should().Contain("other");
        await preloader.StopAsync(default);
        preloader.ExecuteTask!.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public async Task A_preload_does_not_replace_a_model_that_is_already_loaded()
    {
        _node.AddModel("n");
        ModelInstance first = await _node.Host.LoadAsync(_node.Catalog.Find("n"));
        using ModelPreloader preloader = New("m");

        await preloader.StartAsync(default);
        await preloader.ExecuteTask!.WaitAsync(Patience);

        _node.Host.Current.Should().BeSameAs(first);
        _node.Host.PreloadedModels.Should().BeEmpty();
        _readiness.Evaluate().Status.Should().Be("ready");
    }

    private sealed class ProbedEngine : IEngine
    {
        internal int Probes { get; private set; }

        public Task<IEngineSession> LoadAsync(ModelLoadParameters model, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<string?> ProbeAsync()
        {
            Probes++;
            return Task.FromResult<string?>("1.2.3");
        }
    }
}

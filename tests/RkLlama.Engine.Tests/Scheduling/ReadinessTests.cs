using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Scheduling;

public sealed class ReadinessTests : IAsyncDisposable
{
    private readonly EngineNode _node = new(options => options with { QueueLength = 1 });
    private readonly Readiness _readiness;

    public ReadinessTests() => _readiness = new(_node.Host, _node.Queue);

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    private string Status => _readiness.Evaluate().Status;

    [Fact]
    public async Task A_node_is_ready_without_a_model_and_while_a_request_runs()
    {
        (Status, _readiness.Evaluate().Reason).Should().Be(("ready", null));

        using ModelLease lease = await _node.AcquireAsync(_node.Host.Find("m"));

        Status.Should().Be("ready");
    }

    [Fact]
    public async Task A_node_is_not_ready_while_its_preloaded_model_loads()
    {
        _readiness.PreloadStarted("m");
        _readiness.Evaluate().Should().Be(new ReadyReply("loading", "Model m is being loaded."));
        _readiness.NoModel().Should().BeOfType<NotReadyException>().Which.RetryAfterSeconds.Should().BeInRange(1, 60);

        await _node.Host.LoadAsync(_node.Catalog.Find("m"));
        _readiness.PreloadEnded("m", null);

        Status.Should().Be("ready");
    }

    [Fact]
    public async Task A_failed_preload_counts_until_any_model_is_loaded()
    {
        _readiness.PreloadStarted("m");
        _readiness.PreloadEnded("m", "no memory");
        _readiness.Evaluate().Should().Be(new ReadyReply("failed", "Model m could not be preloaded: no memory"));
        _readiness.NoModel().Message.Should().Contain("no memory");

        await _node.Host.LoadAsync(_node.Catalog.Find("m"));
        Status.Should().Be("ready");
        await _node.Host.UnloadAsync();

        Status.Should().Be("ready");
        _readiness.NoModel().Should().BeOfType<NoModelException>();
    }

    [Fact]
    public async Task A_full_queue_is_busy()
    {
        ModelInstance model = _node.Host.Find("m");
        ModelLease first = await _node.AcquireAsync(model);
        Task<ModelLease> second = _node.AcquireAsync(model);

        _readiness.Evaluate().Should().Be(new ReadyReply("busy", "The queue is full."));

        first.Dispose();
        (await second).Dispose();
        Status.Should().Be("ready");
    }

    [Fact]
    public void A_closed_queue_is_always_draining()
    {
        _readiness.PreloadStarted("m");

        _node.Queue.Close();

        Status.Should().Be("draining");
    }

    [Fact]
    public async Task A_stuck_worker_is_failed_with_its_reason()
    {
        await _node.Host.LoadAsync(_node.Catalog.Find("m"));
        FakeSession session = _node.Engine.Sessions[0];
        session.Stuck = new(42, new TaskCompletionSource().Task);

        session.Crash("hung");

        await EventuallyAsync(() => Status == "failed");
        _readiness.Evaluate().Reason.Should().Contain("worker process 42");
        session.Stuck = null;
    }
}

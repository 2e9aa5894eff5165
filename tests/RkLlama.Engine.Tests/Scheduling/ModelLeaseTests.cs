using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Scheduling;

public sealed class ModelLeaseTests : IAsyncDisposable
{
    private readonly EngineNode _node = new();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_lease_that_is_disposed_during_a_run_passes_the_slot_on_when_the_run_ends()
    {
        ModelInstance model = _node.Host.Find("m");
        ModelLease lease = await _node.AcquireAsync(model);
        await lease.StartRunAsync(EngineNode.Start, default);
        FakeRun run = await _node.Runs.NextAsync();
        Task<ModelLease> next = _node.AcquireAsync(model);

        lease.Dispose();
        (next.IsCompleted, model.State).Should().Be((false, ModelState.Running));
        run.End(RunEndReason.Stop);

        (await next).Dispose();
        model.State.Should().Be(ModelState.Ready);
    }

    [Fact]
    public async Task A_run_makes_the_model_running_until_the_lease_is_disposed()
    {
        ModelInstance model = _node.Host.Find("m");
        ModelLease lease = await _node.AcquireAsync(model);
        lease.Started.Should().Be(0);

        EngineRun run = await lease.StartRunAsync(EngineNode.Start, default);
        long started = lease.Started;
        (await _node.Runs.NextAsync()).End(RunEndReason.Stop);
        await run.Completion.WaitAsync(Patience);
        await lease.StartRunAsync(EngineNode.Start, default);
        (await _node.Runs.NextAsync()).End(RunEndReason.Stop);

        model.State.Should().Be(ModelState.Running);
        lease.Started.Should().Be(started, "the first run counts").And.BePositive();
        lease.LoadTime.Should().BeGreaterThanOrEqualTo(TimeSpan.Zero);
        lease.Dispose();
        await EventuallyAsync(() => model.State == ModelState.Ready);
    }

    [Fact]
    public async Task A_lease_does_not_make_a_model_ready_whose_worker_died_during_the_run()
    {
        ModelInstance model = _node.Host.Find("m");
        ModelLease lease = await _node.AcquireAsync(model);
        EngineRun started = await lease.StartRunAsync(EngineNode.Start, default);
        FakeRun run = await _node.Runs.NextAsync();
        model.TryMove(ModelState.Restarting).Should().BeTrue();

        run.End(RunEndReason.Error);
        await started.Completion.WaitAsync(Patience);
        lease.Dispose();

        model.State.Should().Be(ModelState.Restarting);
    }

    [Fact]
    public async Task An_abort_ends_the_active_run_and_the_first_cause_counts()
    {
        using ModelLease lease = await _node.AcquireAsync(_node.Host.Find("m"));
        EngineRun run = await lease.StartRunAsync(EngineNode.Start, default);
        FakeRun fake = await _node.Runs.NextAsync();

        lease.Abort(AbortCause.StopSequence);
        lease.Abort(AbortCause.ClientDisconnected);

        await fake.Aborted.WaitAsync(Patience);
        run.AbortCause.Should().Be(AbortCause.StopSequence);
        fake.End(RunEndReason.Cancelled);
    }

    [Fact]
    public async Task An_abort_before_the_start_aborts_the_run_that_starts_later()
    {
        using ModelLease lease = await _node.AcquireAsync(_node.Host.Find("m"));

        lease.Abort(AbortCause.ClientDisconnected);
        EngineRun run = await lease.StartRunAsync(EngineNode.Start, default);
        FakeRun fake = await _node.Runs.NextAsync();

        await fake.Aborted.WaitAsync(Patience);
        run.AbortCause.Should().Be(AbortCause.ClientDisconnected);
        fake.End(RunEndReason.Cancelled);
    }

    [Fact]
    public async Task A_lease_of_an_unloaded_model_starts_no_run()
    {
        ModelInstance model = _node.Host.Find("m");
        using ModelLease lease = await _node.AcquireAsync(model);
        await _node.Host.UnloadAsync().WaitAsync(Patience);
        Func<Task> start = () => lease.StartRunAsync(EngineNode.Start, default);

        await start.Should().ThrowAsync<NoModelException>();

        _node.Runs.Count.Should().Be(0);
    }

    [Theory]
    [InlineData(null, 300.0)]
    [InlineData(60.0, 60.0)]
    [InlineData(0.0, 0.0)]
    [InlineData(-1.0, null)]
    public async Task The_idle_timer_starts_when_the_lease_ends(double? keepAliveSeconds, double? expectedSeconds)
    {
        ModelInstance model = _node.Host.Find("m");
        ModelLease lease = await _node.AcquireAsync(model, keepAlive: keepAliveSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        _node.Time.Advance(TimeSpan.FromMinutes(1));
        model.IdleTimer.Should().BeNull();

        lease.Dispose();

        (model.IdleTimer?.Remaining).Should().Be(expectedSeconds is { } expected ? TimeSpan.FromSeconds(expected) : null);
    }

    [Fact]
    public async Task A_lease_that_is_disposed_twice_passes_the_slot_on_once()
    {
        ModelInstance model = _node.Host.Find("m");
        ModelLease lease = await _node.AcquireAsync(model);
        Task<ModelLease> second = _node.AcquireAsync(model), third = _node.AcquireAsync(model);

        lease.Dispose();
        lease.Dispose();
        ModelLease next = await second;

        (third.IsCompleted, _node.Queue.Waiting).Should().Be((false, 1));
        next.Dispose();
        (await third).Dispose();
    }
}

using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Scheduling;

public sealed class ModelSchedulerTests : IAsyncDisposable
{
    private readonly EngineNode _node = new(options => options with { QueueLength = 2 });

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_lease_loads_the_model_and_holds_the_slot_until_it_is_disposed()
    {
        ModelInstance model = _node.Host.Find("m");

        ModelLease lease = await _node.AcquireAsync(model);
        (model.State, _node.Queue.IsBusy).Should().Be((ModelState.Ready, true));
        lease.Dispose();

        (model.State, _node.Queue.IsBusy).Should().Be((ModelState.Ready, false));
        lease.QueueTime.Should().BeGreaterThanOrEqualTo(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_lease_for_another_model_switches_to_it()
    {
        _node.AddModel("n");
        (await _node.AcquireAsync(_node.Host.Find("m"))).Dispose();

        using ModelLease lease = await _node.AcquireAsync(_node.Host.Find("n"));

        _node.Host.Current!.Name.Should().Be("n");
        _node.Engine.Sessions[0].IsDisposed.Should().BeTrue();
    }

    [Fact]
    public async Task A_request_that_is_cancelled_while_queued_leaves_the_queue()
    {
        ModelInstance model = _node.Host.Find("m");
        using ModelLease first = await _node.AcquireAsync(model);
        using CancellationTokenSource leave = new();
        Task<ModelLease> waiting = _node.AcquireAsync(model, leave.Token);
        _node.Queue.Waiting.Should().Be(1);

        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        _node.Queue.Waiting.Should().Be(0);
    }

    [Fact]
    public async Task A_request_that_is_cancelled_during_the_load_frees_the_slot_and_the_load_continues()
    {
        TaskCompletionSource allowed = _node.HoldLoads();
        ModelInstance model = _node.Host.Find("m");
        using CancellationTokenSource leave = new();
        Task<ModelLease> loading = _node.AcquireAsync(model, leave.Token);
        await EventuallyAsync(() => model.State == ModelState.Loading);

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loading);
        _node.Queue.IsBusy.Should().BeFalse();
        allowed.SetResult();

        await EventuallyAsync(() => model.State == ModelState.Ready);
    }

    [Fact]
    public async Task A_request_whose_model_is_unloaded_while_it_is_queued_fails()
    {
        ModelInstance model = _node.Host.Find("m");
        using ModelLease first = await _node.AcquireAsync(model);
        Task<ModelLease> waiting = _node.AcquireAsync(model);

        await _node.Host.UnloadAsync().WaitAsync(Patience);

        await waiting.Invoking(task => task).Should().ThrowAsync<NoModelException>();
        _node.Queue.Waiting.Should().Be(0);
    }

    [Fact]
    public async Task A_request_whose_model_is_unloaded_during_the_load_fails_and_frees_the_slot()
    {
        _node.HoldLoads();
        ModelInstance model = _node.Host.Find("m");
        Task<ModelLease> loading = _node.AcquireAsync(model);
        await EventuallyAsync(() => model.State == ModelState.Loading);

        await _node.Host.UnloadAsync().WaitAsync(Patience);

        await loading.Invoking(task => task).Should().ThrowAsync<NoModelException>();
        _node.Queue.IsBusy.Should().BeFalse();
    }

    [Fact]
    public async Task A_failed_load_frees_the_slot()
    {
        _node.FailLoads(1, "bad magic");
        ModelInstance model = _node.Host.Find("m");
        Func<Task> acquire = () => _node.AcquireAsync(model);

        await acquire.Should().ThrowAsync<EngineException>().WithMessage("bad magic");

        _node.Queue.IsBusy.Should().BeFalse();
        (await _node.AcquireAsync(model)).Dispose();
    }

    [Fact]
    public async Task A_full_queue_refuses_requests_but_has_room_for_a_retry()
    {
        ModelInstance model = _node.Host.Find("m");
        ModelLease first = await _node.AcquireAsync(model);
        List<Task<ModelLease>> waiting = [_node.AcquireAsync(model), _node.AcquireAsync(model)];
        Func<Task> acquire = () => _node.AcquireAsync(model);

        await acquire.Should().ThrowAsync<QueueFullException>();
        waiting.Add(_node.AcquireAsync(model, isRetry: true));

        _node.Queue.Waiting.Should().Be(3);
        first.Dispose();
        foreach (Task<ModelLease> lease in waiting)
            (await lease).Dispose();
    }

    [Fact]
    public async Task An_unload_waits_for_its_slot()
    {
        ModelInstance model = _node.Host.Find("m");
        ModelLease lease = await _node.AcquireAsync(model);

        Task unload = _node.Scheduler.UnloadAsync("m", default);
        (unload.IsCompleted, model.State).Should().Be((false, ModelState.Ready));
        lease.Dispose();
        await unload.WaitAsync(Patience);

        (_node.Host.Current, _node.Queue.IsBusy).Should().Be((null, false));
        model.Unloaded.IsCancellationRequested.Should().BeFalse();
    }
}

using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using static RkLlama.Engine.Tests.Support.FakeCaches;

namespace RkLlama.Engine.Tests.Scheduling;

/// <summary>Background requests wait until a client has no more work: also during a load, and between the steps of its work.</summary>
public sealed class BackgroundOrderTests
{
    private static readonly TimeSpan FollowUp = TimeSpan.FromSeconds(0.15);

    private readonly FakeTimeProvider _time = new();
    private readonly FakeCaches _caches = new() { Resident = { "m", "n" } };
    private readonly RunQueue _queue;

    public BackgroundOrderTests()
    {
        RunOrder order = new(_caches, switchTime: TimeSpan.FromSeconds(30), fairness: TimeSpan.FromSeconds(30), _time);
        _queue = new(capacity: 8, maxWait: TimeSpan.FromMinutes(5), FollowUp, order, _time);
    }

    [Fact]
    public async Task A_background_request_waits_during_the_load_for_another_request()
    {
        TaskCompletionSource load = new();
        Task<QueueSlot> person = _queue.EnterAsync(Ask("person", "n") with { After = load.Task }, default);
        Task<QueueSlot> background = _queue.EnterAsync(Ask("background", isBackground: true), default);

        bool isWaiting = !background.IsCompleted && !_queue.IsBusy;
        load.SetResult();
        QueueSlot slot = await person.WaitAsync(HeldRuns.Patience);

        (isWaiting, background.IsCompleted).Should().Be((true, false));
        slot.Dispose();
        _time.Advance(FollowUp);
        (await background.WaitAsync(HeldRuns.Patience)).Dispose();
    }

    [Fact]
    public async Task A_background_request_waits_for_a_load_at_most_a_minute()
    {
        TaskCompletionSource load = new();
        Task<QueueSlot> person = _queue.EnterAsync(Ask("person", "n") with { After = load.Task }, default);
        Task<QueueSlot> background = _queue.EnterAsync(Ask("background", isBackground: true) with { Waited = TimeSpan.FromSeconds(20) }, default);

        _time.Advance(TimeSpan.FromSeconds(39));
        bool isWaiting = !background.IsCompleted;
        _time.Advance(TimeSpan.FromSeconds(1));

        isWaiting.Should().BeTrue();
        QueueSlot slot = await background.WaitAsync(HeldRuns.Patience);
        slot.Wanted.CanBeCanceled.Should().BeFalse("a request that has waited a minute does not give way");
        slot.Dispose();
        load.SetResult();
        (await person.WaitAsync(HeldRuns.Patience)).Dispose();
    }

    [Fact]
    public async Task If_the_request_leaves_during_its_load_a_background_request_starts()
    {
        using CancellationTokenSource leave = new();
        Task<QueueSlot> person = _queue.EnterAsync(Ask("person", "n") with { After = new TaskCompletionSource().Task }, leave.Token);
        Task<QueueSlot> background = _queue.EnterAsync(Ask("background", isBackground: true), default);

        await leave.CancelAsync();

        (await background.WaitAsync(HeldRuns.Patience)).Dispose();
        await person.Awaiting(static task => task).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task The_next_step_of_a_client_goes_before_a_background_request()
    {
        QueueSlot first = await _queue.EnterAsync(Ask("first document", "n"), default);
        Task<QueueSlot> background = _queue.EnterAsync(Ask("background", isBackground: true), default);

        first.Dispose();
        QueueSlot second = await _queue.EnterAsync(Ask("second document", "n"), default).WaitAsync(HeldRuns.Patience);
        second.Dispose();
        bool isWaiting = !background.IsCompleted;
        _time.Advance(FollowUp);

        isWaiting.Should().BeTrue();
        (await background.WaitAsync(HeldRuns.Patience)).Dispose();
    }

    [Fact]
    public async Task The_next_step_goes_first_also_if_its_model_must_be_loaded()
    {
        QueueSlot first = await _queue.EnterAsync(Ask("question", "n"), default);
        Task<QueueSlot> background = _queue.EnterAsync(Ask("background", isBackground: true), default);
        first.Dispose();

        QueueSlot second = await _queue.EnterAsync(Ask("documents", "reranker"), default).WaitAsync(HeldRuns.Patience);
        Task<QueueSlot> loaded = _queue.EnterAsync(Ask("documents", "reranker") with { Arrival = second.Arrival, After = Task.Delay(TimeSpan.FromSeconds(3), _time) }, default);
        second.Return();
        _time.Advance(TimeSpan.FromSeconds(1));
        bool isWaiting = !background.IsCompleted;
        _time.Advance(TimeSpan.FromSeconds(2));

        isWaiting.Should().BeTrue();
        (await loaded.WaitAsync(HeldRuns.Patience)).Dispose();
        _time.Advance(FollowUp);
        (await background.WaitAsync(HeldRuns.Patience)).Dispose();
    }

    [Fact]
    public async Task A_restarted_model_gets_the_slot_that_is_held_from_background_requests()
    {
        QueueSlot first = await _queue.EnterAsync(Ask("first"), default);
        Task<QueueSlot> background = _queue.EnterAsync(Ask("background", isBackground: true), default);
        first.Dispose();
        _caches.Waiting.Add("n");
        Task<QueueSlot> person = _queue.EnterAsync(Ask("person", "n"), default);

        _caches.Waiting.Clear();
        _queue.Reconsider();

        (await person.WaitAsync(HeldRuns.Patience)).Dispose();
        background.IsCompleted.Should().BeFalse();
        _time.Advance(FollowUp);
        (await background.WaitAsync(HeldRuns.Patience)).Dispose();
    }

    [Fact]
    public async Task A_closed_queue_does_not_wait_for_a_next_step()
    {
        QueueSlot running = await _queue.EnterAsync(Ask("person"), default);
        Task<QueueSlot> background = _queue.EnterAsync(Ask("background", isBackground: true) with { HasStarted = true }, default);
        _queue.Close();

        running.Dispose();

        (await background.WaitAsync(HeldRuns.Patience)).Dispose();
    }
}

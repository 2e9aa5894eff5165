using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using static RkLlama.Engine.Tests.Support.FakeCaches;

namespace RkLlama.Engine.Tests.Scheduling;

/// <summary>Requests that wait for more than the slot: for a load, a restart, the switch time, or the next turns of a conversation.</summary>
public sealed class RunOrderWaitTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeCaches _caches = new() { Resident = { "m", "n" } };
    private readonly RunQueue _queue;

    public RunOrderWaitTests()
    {
        RunOrder order = new(_caches, switchTime: TimeSpan.FromSeconds(30), fairness: TimeSpan.FromSeconds(30), _time);
        _queue = new(capacity: 8, maxWait: TimeSpan.FromMinutes(5), followUp: TimeSpan.FromSeconds(0.15), order, _time);
    }

    [Fact]
    public async Task A_request_that_cannot_start_leaves_the_slot_to_others()
    {
        _caches.Waiting.Add("n");
        Task<QueueSlot> blocked = _queue.EnterAsync("n", default);

        (await _queue.EnterAsync("m", default)).Dispose();
        (blocked.IsCompleted, _queue.IsBusy, _queue.Waiting).Should().Be((false, false, 1));
        _caches.Waiting.Clear();
        _queue.Reconsider();

        (await blocked.WaitAsync(HeldRuns.Patience)).Dispose();
    }

    [Fact]
    public async Task A_request_that_has_given_the_slot_back_keeps_its_place()
    {
        QueueSlot slot = await _queue.EnterAsync("m", default);
        Task<QueueSlot> later = _queue.EnterAsync("m", default);
        TaskCompletionSource load = new();
        Task<QueueSlot> first = _queue.EnterAsync(new QueuedRequest("m") { Arrival = slot.Arrival - 1, After = load.Task }, default);

        load.SetResult();
        slot.Dispose();

        (await first.WaitAsync(HeldRuns.Patience)).Dispose();
        (await later.WaitAsync(HeldRuns.Patience)).Dispose();
    }

    [Fact]
    public async Task A_failed_load_fails_its_request_although_another_one_has_the_slot()
    {
        using QueueSlot slot = await _queue.EnterAsync("m", default);
        Task<QueueSlot> waiting = _queue.EnterAsync(new QueuedRequest("n") { After = Task.FromException(new InvalidDataException("bad")) }, default);

        await waiting.Invoking(task => task).Should().ThrowAsync<InvalidDataException>();
    }

    [Fact]
    public async Task A_model_for_which_there_is_room_does_not_wait_for_the_switch_time()
    {
        (await _queue.EnterAsync("o", default)).Dispose();
        _caches.WithRoom.Add("p");
        QueueSlot running = await _queue.EnterAsync("m", default);
        Task<QueueSlot> steady = _queue.EnterAsync("m", default);
        Task<QueueSlot> evicts = _queue.EnterAsync("q", default);
        Task<QueueSlot> fits = _queue.EnterAsync("p", default);

        running.Dispose();

        (await fits.WaitAsync(HeldRuns.Patience)).Dispose();
        (await steady.WaitAsync(HeldRuns.Patience)).Dispose();
        (await evicts.WaitAsync(HeldRuns.Patience)).Dispose();
    }

    [Fact]
    public async Task A_background_request_that_has_waited_a_minute_before_has_the_priority_of_others()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        Task<QueueSlot> text = _queue.EnterAsync(Ask("text", isBackground: true) with { Waited = TimeSpan.FromSeconds(60) }, default);
        Task<QueueSlot> person = _queue.EnterAsync("m", default);

        running.Dispose();

        (await text.WaitAsync(HeldRuns.Patience)).Dispose();
        (await person.WaitAsync(HeldRuns.Patience)).Dispose();
    }

    [Fact]
    public async Task No_more_than_eight_turns_go_before_a_request_while_the_slot_is_held()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        _caches.Costs["other"] = TimeSpan.FromSeconds(6);
        Task<QueueSlot> other = _queue.EnterAsync(Ask("other"), default);

        int turns = 0;
        while (turns < 100)
        {
            running.Dispose();
            Task<QueueSlot> follower = _queue.EnterAsync(Ask("follower"), default);
            await Task.WhenAny(other, follower).WaitAsync(HeldRuns.Patience);
            if (other.IsCompleted)
                break;
            running = await follower;
            turns++;
        }

        turns.Should().Be(8);
    }
}

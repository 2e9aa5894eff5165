using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using static RkLlama.Engine.Tests.Support.FakeCaches;

namespace RkLlama.Engine.Tests.Scheduling;

/// <summary>Which request gets the slot next: KV caches, the time for which the slot is held, and background requests.</summary>
public sealed class RunOrderTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeCaches _caches = new() { Resident = { "m", "n" } };
    private readonly RunQueue _queue;
    private readonly List<(string Name, Task<QueueSlot> Slot)> _waiting = [];

    public RunOrderTests()
    {
        RunOrder order = new(_caches, switchTime: TimeSpan.FromSeconds(30), fairness: TimeSpan.FromSeconds(30), _time);
        _queue = new(capacity: 8, maxWait: TimeSpan.FromMinutes(5), followUp: TimeSpan.FromSeconds(0.15), order, _time);
    }

    [Fact]
    public async Task The_prompt_with_the_longest_beginning_in_a_cache_is_next()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        (_caches.Cached["a"], _caches.Cached["b"], _caches.Cached["c"]) = (100, 400, 300);
        Wait("a", "b", "c");

        (await OrderAsync(running)).Should().Equal("b", "c", "a");
    }

    [Fact]
    public async Task A_beginning_that_is_only_a_little_longer_does_not_change_the_order_of_arrival()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        (_caches.Cached["a"], _caches.Cached["b"], _caches.Cached["c"]) = (100, 131, 120);
        Wait("a", "b", "c");

        (await OrderAsync(running)).Should().Equal("a", "b", "c");
    }

    [Fact]
    public async Task No_request_is_overtaken_more_than_four_times()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        _caches.Cached["follower"] = 1000;
        Wait("first");
        List<string> order = [];

        while (!order.Contains("first"))
        {
            Wait("follower");
            running.Dispose();
            (string name, running) = await NextAsync();
            order.Add(name);
        }

        order.Should().Equal("follower", "follower", "follower", "follower", "first");
    }

    [Fact]
    public async Task No_request_is_overtaken_after_the_fairness_time()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        _caches.Cached["follower"] = 1000;
        Wait("first");
        _time.Advance(TimeSpan.FromSeconds(31));
        Wait("follower");

        (await OrderAsync(running)).Should().Equal("first", "follower");
    }

    [Fact]
    public async Task The_slot_is_held_for_the_request_that_continues_the_last_one()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        _caches.Costs["other"] = TimeSpan.FromSeconds(6);
        Wait("other");

        running.Dispose();
        _time.Advance(TimeSpan.FromSeconds(0.1));
        bool isHeld = !_waiting[0].Slot.IsCompleted && _queue.IsBusy;
        QueueSlot follower = await _queue.EnterAsync(Ask("follower"), default);

        isHeld.Should().BeTrue();
        _time.Advance(TimeSpan.FromSeconds(0.1));
        _waiting[0].Slot.IsCompleted.Should().BeFalse("the follower has the slot");
        _caches.Costs.Clear();
        (await OrderAsync(follower)).Should().Equal("other");
    }

    [Fact]
    public async Task Turns_that_come_while_the_slot_is_held_go_first_until_the_fairness_time()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        _caches.Costs["other"] = TimeSpan.FromSeconds(6);
        Wait("other");

        for (int second = 0; second < 30; second += 5)
        {
            running.Dispose();
            running = await _queue.EnterAsync(Ask("follower"), default).WaitAsync(HeldRuns.Patience);
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        running.Dispose();
        (await NextAsync()).Name.Should().Be("other");
    }

    [Fact]
    public async Task The_slot_is_not_held_after_a_background_request()
    {
        QueueSlot background = await _queue.EnterAsync(Ask("background", isBackground: true), default);
        _caches.Costs["person"] = TimeSpan.FromSeconds(6);
        Wait("person");

        background.Dispose();

        (await NextAsync()).Name.Should().Be("person");
    }

    [Fact]
    public async Task A_full_queue_accepts_the_request_for_which_the_slot_is_held()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        string[] others = [.. Enumerable.Range(0, 8).Select(static i => $"other {i}")];
        foreach (string other in others)
            _caches.Costs[other] = TimeSpan.FromSeconds(6);
        Wait(others);
        running.Dispose();

        QueueSlot follower = await _queue.EnterAsync(Ask("follower"), default).WaitAsync(HeldRuns.Patience);

        _caches.Costs.Clear();
        (await OrderAsync(follower)).Should().Equal(others);
    }

    [Fact]
    public async Task A_held_slot_is_given_after_the_follow_up_time()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        _caches.Costs["other"] = TimeSpan.FromSeconds(6);
        Wait("other");

        running.Dispose();
        _time.Advance(TimeSpan.FromSeconds(0.16));

        (await NextAsync()).Slot.Dispose();
        _queue.IsBusy.Should().BeFalse();
    }

    [Theory]
    [InlineData(0.9, "m")]
    [InlineData(0, "n")]
    public async Task The_slot_is_not_held_if_a_request_replaces_little_or_no_cache(double seconds, string model)
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        (_caches.Costs["costly"], _caches.Costs["cheap"]) = (TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(seconds));
        Wait("costly");
        _waiting.Add(("cheap", _queue.EnterAsync(Ask("cheap", model), default)));

        running.Dispose();

        (await NextAsync()).Name.Should().Be("cheap");
    }

    [Fact]
    public async Task The_slot_is_not_held_against_a_request_that_was_overtaken_often_or_waits_long()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        _caches.Costs["other"] = TimeSpan.FromSeconds(6);
        Wait("other");
        _time.Advance(TimeSpan.FromSeconds(31));

        running.Dispose();

        (await NextAsync()).Name.Should().Be("other");
    }

    [Fact]
    public async Task Closing_the_queue_frees_a_held_slot()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        _caches.Costs["other"] = TimeSpan.FromSeconds(6);
        Wait("other");
        running.Dispose();

        _queue.Close();

        _queue.IsBusy.Should().BeFalse();
        await _waiting[0].Slot.Invoking(static slot => slot).Should().ThrowAsync<DrainingException>();
    }

    [Fact]
    public async Task If_the_last_waiting_request_leaves_the_held_slot_becomes_free()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        _caches.Costs["other"] = TimeSpan.FromSeconds(6);
        using CancellationTokenSource leave = new();
        Task<QueueSlot> other = _queue.EnterAsync(Ask("other"), leave.Token);
        running.Dispose();

        await leave.CancelAsync();
        _time.Advance(TimeSpan.FromSeconds(0.16));

        _queue.IsBusy.Should().BeFalse();
        await other.Invoking(static slot => slot).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Background_requests_are_last_but_wait_at_most_a_minute()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        _waiting.Add(("background", _queue.EnterAsync(Ask("background", isBackground: true), default)));
        Wait("a", "b");

        running.Dispose();
        (string first, running) = await NextAsync();
        _time.Advance(RunOrder.BackgroundPatience);
        running.Dispose();
        (string second, running) = await NextAsync();

        (first, second).Should().Be(("a", "background"));
        running.Dispose();
    }

    [Fact]
    public async Task A_background_request_is_asked_for_its_slot_when_another_request_waits()
    {
        QueueSlot background = await _queue.EnterAsync(Ask("background", isBackground: true), default);
        using CancellationTokenSource done = new();
        TaskCompletionSource wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = background.Wanted.Register(wanted.SetResult);

        _ = _queue.EnterAsync(Ask("other background", isBackground: true), done.Token);
        bool isWanted = background.Wanted.IsCancellationRequested;
        Wait("person");

        isWanted.Should().BeFalse();
        await wanted.Task.WaitAsync(HeldRuns.Patience);
        (await OrderAsync(background)).Should().Equal("person");
        await done.CancelAsync();
    }

    [Fact]
    public async Task Half_of_the_places_are_for_background_requests()
    {
        QueueSlot running = await _queue.EnterAsync("m", default);
        for (int i = 0; i < 4; i++)
            _ = _queue.EnterAsync(Ask("background", isBackground: true), default);

        Func<Task> fifth = () => _queue.EnterAsync(Ask("background", isBackground: true), default);

        await fifth.Should().ThrowAsync<QueueFullException>();
        Wait("person");
        (await OrderAsync(running)).Should().Equal("person");
    }

    private void Wait(params string[] names) => _waiting.AddRange(names.Select(name => (name, _queue.EnterAsync(Ask(name), default))));

    private async Task<(string Name, QueueSlot Slot)> NextAsync()
    {
        await Task.WhenAny(_waiting.Select(static entry => entry.Slot)).WaitAsync(HeldRuns.Patience);
        (string Name, Task<QueueSlot> Slot) next = _waiting.Find(static entry => entry.Slot.IsCompleted);
        _waiting.Remove(next);
        return (next.Name, await next.Slot);
    }

    /// <summary>Returns the order in which the waiting requests get the slot.</summary>
    private async Task<List<string>> OrderAsync(QueueSlot running)
    {
        List<string> order = [];
        running.Dispose();
        while (_waiting.Count > 0)
        {
            (string name, QueueSlot slot) = await NextAsync();
            order.Add(name);
            slot.Dispose();
        }

        return order;
    }
}

using RkLlama.Engine.Limits;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Scheduling;

public sealed class RunQueueTests
{
    private readonly SettableTime _time = new();
    private readonly FakeCaches _caches = new();
    private readonly RunQueue _queue;

    public RunQueueTests()
    {
        RunOrder order = new(_caches, switchTime: TimeSpan.FromSeconds(30), fairness: TimeSpan.FromSeconds(30), _time);
        _queue = new(capacity: 3, maxWait: TimeSpan.FromMinutes(5), followUp: TimeSpan.FromSeconds(0.15), order, _time);
    }

    [Fact]
    public async Task Slots_are_given_in_the_order_of_arrival()
    {
        QueueSlot first = await _queue.EnterAsync("m", default);
        List<Task<QueueSlot>> waiting = [.. Enumerable.Range(0, 3).Select(_ => _queue.EnterAsync("m", default))];
        List<int> order = [];

        first.Dispose();
        while (order.Count < 3)
        {
            Task<QueueSlot> next = await Task.WhenAny(waiting.Where((_, index) => !order.Contains(index)));
            order.Add(waiting.IndexOf(next));
            (await next).Dispose();
        }

        order.Should().Equal(0, 1, 2);
    }

    [Fact]
    public async Task A_waiting_request_has_a_place_and_an_expected_wait()
    {
        object first = new(), second = new(), third = new();
        QueueSlot slot = await _queue.EnterAsync(new QueuedRequest("m") { Trace = first }, default);
        Task<QueueSlot> next = _queue.EnterAsync(new QueuedRequest("m") { Trace = second }, default), last = _queue.EnterAsync(new QueuedRequest("m") { Trace = third }, default);

        (QueuePlace? running, QueuePlace? ahead, QueuePlace? behind) = (_queue.FindPlace(first), _queue.FindPlace(second), _queue.FindPlace(third));
        slot.Dispose();
        await next;

        running.Should().BeNull("it does not wait");
        (ahead?.Position, behind?.Position).Should().Be((1, 2));
        behind!.Value.WaitSeconds.Should().BeGreaterThanOrEqualTo(ahead!.Value.WaitSeconds).And.BePositive();
        _queue.FindPlace(third)!.Value.Position.Should().Be(1);
        last.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Disposing_a_slot_twice_passes_it_on_once()
    {
        QueueSlot first = await _queue.EnterAsync("m", default);
        Task<QueueSlot> second = _queue.EnterAsync("m", default);
        Task<QueueSlot> third = _queue.EnterAsync("m", default);

        first.Dispose();
        first.Dispose();
        await second;

        third.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Leaving_the_queue_frees_the_place_and_affects_no_other_request()
    {
        QueueSlot first = await _queue.EnterAsync("m", default);
        using CancellationTokenSource leave = new();
        Task<QueueSlot> leaver = _queue.EnterAsync("m", leave.Token);
        Task<QueueSlot> next = _queue.EnterAsync("m", default);

        await leave.CancelAsync();
        first.Dispose();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);
        (await next).Dispose();
        _queue.IsBusy.Should().BeFalse();
    }

    [Fact]
    public async Task A_full_queue_is_refused_with_retry_after()
    {
        using QueueSlot first = await _queue.EnterAsync("m", default);
        for (int i = 0; i < 3; i++)
            _ = _queue.EnterAsync("m", default);

        Func<Task> enter = () => _queue.EnterAsync("m", default);

        (await enter.Should().ThrowAsync<QueueFullException>()).Which.RetryAfterSeconds.Should().BeInRange(1, 60);
        _queue.Waiting.Should().Be(3);
    }

    [Theory]
    [InlineData(4, 0, 0, 4)]
    [InlineData(4, 2, 0, 12)]
    [InlineData(4, 2, 3, 9)]
    [InlineData(4, 0, 10, 1)]
    [InlineData(0.2, 3, 0, 1)]
    [InlineData(30, 3, 0, 60)]
    public async Task Retry_after_is_the_length_of_the_queue_at_the_measured_pace(double turnSeconds, int waiting, double runningSeconds, int expected)
    {
        QueueSlot measured = await _queue.EnterAsync("m", default);
        _time.Advance(TimeSpan.FromSeconds(turnSeconds));
        measured.Dispose();

        using QueueSlot running = await _queue.EnterAsync("m", default);
        for (int i = 0; i < waiting; i++)
            _ = _queue.EnterAsync("m", default);
        _time.Advance(TimeSpan.FromSeconds(runningSeconds));

        _queue.RetryAfterSeconds.Should().Be(expected);
    }

    [Fact]
    public async Task A_pace_that_changes_is_followed()
    {
        for (int i = 0; i < 30; i++)
        {
            QueueSlot turn = await _queue.EnterAsync("m", default);
            _time.Advance(TimeSpan.FromSeconds(i < 10 ? 1 : 20));
            turn.Dispose();
        }

        _queue.RetryAfterSeconds.Should().Be(20);
    }

    [Fact]
    public async Task The_queue_is_idle_when_no_request_runs_or_waits()
    {
        (await _queue.WhenIdleAsync(TimeSpan.Zero)).Should().BeTrue();
        QueueSlot turn = await _queue.EnterAsync("m", default);

        Task<bool> tooLate = _queue.WhenIdleAsync(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1.1));
        (await tooLate).Should().BeFalse();
        using CancellationTokenSource impatience = new();
        Task<bool> given = _queue.WhenIdleAsync(TimeSpan.FromMinutes(1), impatience.Token);
        await impatience.CancelAsync();
        (await given).Should().BeFalse();
        Task<bool> idle = _queue.WhenIdleAsync(TimeSpan.FromMinutes(1));
        turn.Dispose();

        (await idle).Should().BeTrue();
    }

    [Fact]
    public async Task No_request_waits_longer_than_allowed()
    {
        using QueueSlot first = await _queue.EnterAsync("m", default);
        Task<QueueSlot> old = _queue.EnterAsync("m", default);
        _time.Advance(TimeSpan.FromMinutes(3));
        Task<QueueSlot> young = _queue.EnterAsync("m", default);

        _time.Advance(TimeSpan.FromMinutes(2.1));

        (await old.Invoking(task => task).Should().ThrowAsync<QueueFullException>()).Which.Message.Should().Contain("300 s");
        young.IsCompleted.Should().BeFalse();
        _queue.Waiting.Should().Be(1);
        first.Dispose();
        (await young).Dispose();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_change_of_the_system_time_does_not_change_waits_and_the_measured_pace(int hours)
    {
        QueueSlot first = await _queue.EnterAsync("m", default);
        Task<QueueSlot> waiting = _queue.EnterAsync("m", default);
        Task<bool> idle = _queue.WhenIdleAsync(TimeSpan.FromMinutes(4));

        _time.Shift = TimeSpan.FromHours(hours);
        _time.Advance(TimeSpan.FromMinutes(3.9));
        (waiting.IsCompleted, idle.IsCompleted).Should().Be((false, false));
        _time.Advance(TimeSpan.FromMinutes(0.1));
        (await idle).Should().BeFalse();
        _time.Advance(TimeSpan.FromMinutes(1.1));

        await waiting.Invoking(task => task).Should().ThrowAsync<QueueFullException>();
        first.Dispose();
        using QueueSlot next = await _queue.EnterAsync("m", default);
        _queue.RetryAfterSeconds.Should().Be(60, "a turn took 5.1 minutes, and 60 s is the maximum");
    }

    [Fact]
    public async Task A_closed_queue_fails_waiting_and_new_requests_and_keeps_the_running_one()
    {
        QueueSlot first = await _queue.EnterAsync("m", default);
        Task<QueueSlot> waiting = _queue.EnterAsync("m", default);

        _queue.Close();
        Func<Task> late = () => _queue.EnterAsync("m", default);

        await waiting.Invoking(task => task).Should().ThrowAsync<DrainingException>();
        await late.Should().ThrowAsync<DrainingException>();
        _queue.IsBusy.Should().BeTrue();
        first.Dispose();
        _queue.IsBusy.Should().BeFalse();
    }

    [Fact]
    public async Task One_request_may_wait_for_its_model_besides_those_that_the_queue_has_room_for()
    {
        TaskCompletionSource load = new();
        Task<QueueSlot>[] waiting = [.. Enumerable.Range(0, 4).Select(_ => _queue.EnterAsync(new QueuedRequest("m") { After = load.Task }, default))];

        _queue.IsFull.Should().BeTrue();
        await _queue.Invoking(queue => queue.EnterAsync(new QueuedRequest("m") { After = load.Task }, default)).Should().ThrowAsync<QueueFullException>();
        load.SetResult();
        foreach (Task<QueueSlot> slot in waiting)
            (await slot.WaitAsync(Patience)).Dispose();
    }

    [Fact]
    public async Task A_closed_queue_lets_requests_finish_that_have_had_the_slot()
    {
        QueueSlot first = await _queue.EnterAsync("m", default);
        Task<QueueSlot> waiting = _queue.EnterAsync(new QueuedRequest("m") { HasStarted = true }, default);

        _queue.Close();
        Task<QueueSlot> late = _queue.EnterAsync(new QueuedRequest("m") { HasStarted = true }, default);
        Task<bool> idle = _queue.WhenIdleAsync(Patience);
        first.Dispose();
        (await waiting.WaitAsync(Patience)).Dispose();
        bool isIdleBefore = idle.IsCompleted;
        (await late.WaitAsync(Patience)).Dispose();

        isIdleBefore.Should().BeFalse();
        (await idle.WaitAsync(Patience)).Should().BeTrue();
    }
}

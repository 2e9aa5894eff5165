using RkLlama.Server.Inference;

namespace RkLlama.Server.Tests.Inference;

public sealed class RunQueueTests
{
    private readonly RunQueue _queue = new(capacity: 3, maxWait: TimeSpan.FromMinutes(5), TimeProvider.System);

    [Fact]
    public async Task Turns_are_given_in_the_order_of_arrival()
    {
        RunQueue.Turn first = await _queue.EnterAsync(default);
        List<Task<RunQueue.Turn>> waiting = [.. Enumerable.Range(0, 3).Select(_ => _queue.EnterAsync(default))];
        List<int> order = [];

        first.Dispose();
        while (order.Count < 3)
        {
            Task<RunQueue.Turn> next = await Task.WhenAny(waiting.Where((_, index) => !order.Contains(index)));
            order.Add(waiting.IndexOf(next));
            (await next).Dispose();
        }

        order.Should().Equal(0, 1, 2);
    }

    [Fact]
    public async Task Giving_a_turn_back_twice_passes_it_on_once()
    {
        RunQueue.Turn first = await _queue.EnterAsync(default);
        Task<RunQueue.Turn> second = _queue.EnterAsync(default);
        Task<RunQueue.Turn> third = _queue.EnterAsync(default);

        first.Dispose();
        first.Dispose();
        await second;

        third.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Leaving_frees_the_place_and_harms_nobody_else()
    {
        RunQueue.Turn first = await _queue.EnterAsync(default);
        using CancellationTokenSource leave = new();
        Task<RunQueue.Turn> leaver = _queue.EnterAsync(leave.Token);
        Task<RunQueue.Turn> next = _queue.EnterAsync(default);

        await leave.CancelAsync();
        first.Dispose();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);
        (await next).Dispose();
        _queue.IsBusy.Should().BeFalse();
    }

    [Fact]
    public async Task A_full_line_is_an_answer_with_a_time_to_come_back()
    {
        using RunQueue.Turn first = await _queue.EnterAsync(default);
        for (int i = 0; i < 3; i++)
            _ = _queue.EnterAsync(default);

        Func<Task> enter = () => _queue.EnterAsync(default);

        (await enter.Should().ThrowAsync<QueueFullException>()).Which.RetryAfterSeconds.Should().BeInRange(1, 60);
        _queue.Waiting.Should().Be(3);
    }

    [Fact]
    public async Task Idle_is_when_nobody_runs_or_waits()
    {
        (await _queue.WhenIdleAsync(TimeSpan.Zero)).Should().BeTrue();
        RunQueue.Turn turn = await _queue.EnterAsync(default);

        (await _queue.WhenIdleAsync(TimeSpan.FromMilliseconds(1))).Should().BeFalse();
        Task<bool> idle = _queue.WhenIdleAsync(TimeSpan.FromMinutes(1));
        turn.Dispose();

        (await idle).Should().BeTrue();
    }
}

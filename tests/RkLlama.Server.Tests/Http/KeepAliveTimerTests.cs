using Microsoft.AspNetCore.Http;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Http.Results;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Http;

public sealed class KeepAliveTimerTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly SettableTime _time = new();
    private readonly TaskCompletionSource _item = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task A_completed_item_is_returned_without_a_wait()
    {
        using KeepAliveTimer timer = new(Interval, _time);

        (await timer.WaitAsync(Task.CompletedTask)).Should().BeTrue();
        (await timer.WaitAsync(Task.FromException(new IOException()))).Should().BeTrue("a failed item is complete too");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Silence_is_reported_after_the_interval_whatever_the_system_time_is(int hours)
    {
        using KeepAliveTimer timer = new(Interval, _time);
        Task<bool> wait = timer.WaitAsync(_item.Task).AsTask();
        _time.Shift = TimeSpan.FromHours(hours);
        wait.IsCompleted.Should().BeFalse();

        _time.Advance(Interval);

        (await wait.WaitAsync(Patience)).Should().BeFalse();
    }

    [Fact]
    public async Task A_rest_of_less_than_a_millisecond_is_waited_for_without_a_loop()
    {
        TimeSpan rest = TimeSpan.FromMicroseconds(400);
        using KeepAliveTimer timer = new(Interval, _time);
        Task<bool> first = timer.WaitAsync(_item.Task).AsTask();
        _time.Advance(rest);
        _item.SetResult();
        (await first.WaitAsync(Patience)).Should().BeTrue();
        Task<bool> second = timer.WaitAsync(new TaskCompletionSource().Task).AsTask();

        // The end of the first delay leaves the rest to wait for. A loop would keep this thread.
        await Task.Run(() => _time.Advance(Interval - rest)).WaitAsync(Patience);
        second.IsCompleted.Should().BeFalse();
        await EventuallyAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            return second.IsCompleted;
        });

        (await second).Should().BeFalse();
    }

    [Fact]
    public async Task Silence_is_measured_from_the_last_item()
    {
        using KeepAliveTimer timer = new(Interval, _time);
        Task<bool> first = timer.WaitAsync(_item.Task).AsTask();
        _time.Advance(TimeSpan.FromSeconds(6));
        _item.SetResult();
        (await first.WaitAsync(Patience)).Should().BeTrue();

        DateTimeOffset since = _time.GetUtcNow();
        Task<bool> second = timer.WaitAsync(new TaskCompletionSource().Task).AsTask();
        await EventuallyAsync(() =>
        {
            if (!second.IsCompleted)
                _time.Advance(TimeSpan.FromSeconds(1));
            return second.IsCompleted;
        });

        (await second).Should().BeFalse();
        (_time.GetUtcNow() - since).Should().BeGreaterThanOrEqualTo(Interval);
    }

    [Fact]
    public async Task A_probe_is_reported_once_and_before_the_interval()
    {
        TaskCompletionSource probe = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using KeepAliveTimer timer = new(Interval, _time, probe.Task);
        Task<bool> wait = timer.WaitAsync(_item.Task).AsTask();
        wait.IsCompleted.Should().BeFalse();

        probe.SetResult();
        (await wait.WaitAsync(Patience)).Should().BeFalse();
        Task<bool> next = timer.WaitAsync(_item.Task).AsTask();
        next.IsCompleted.Should().BeFalse();
        _item.SetResult();

        (await next.WaitAsync(Patience)).Should().BeTrue();
    }

    [Fact]
    public async Task The_padding_of_an_answer_in_one_piece_has_its_own_delay()
    {
        KeepAlive keepAlive = new(Interval, TimeSpan.FromSeconds(20), _time);
        using KeepAliveTimer padding = keepAlive.NewPaddingTimer(new DefaultHttpContext()), stream = keepAlive.NewTimer(new DefaultHttpContext());
        Task<bool> late = padding.WaitAsync(_item.Task).AsTask(), early = stream.WaitAsync(_item.Task).AsTask();

        _time.Advance(Interval);
        (await early.WaitAsync(Patience)).Should().BeFalse();
        late.IsCompleted.Should().BeFalse();
        _time.Advance(Interval);

        (await late.WaitAsync(Patience)).Should().BeFalse();
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using RkLlama.Engine.Limits;
using RkLlama.Prompts;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Limits;

public sealed class CpuPoolTests : IDisposable
{
    private readonly CpuPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Fact]
    public async Task At_most_one_work_per_core_runs_at_a_time()
    {
        using SemaphoreSlim started = new(0), release = new(0);
        int cores = Environment.ProcessorCount;
        Task<bool>[] works = [.. Enumerable.Range(0, 2 * cores).Select(i => _pool.RunAsync($"m{i}", TimeSpan.MaxValue, _ => Work(), CancellationToken.None))];
        for (int i = 0; i < cores; i++)
            (await started.WaitAsync(Patience)).Should().BeTrue();

        started.CurrentCount.Should().Be(0);
        release.Release(cores);
        for (int i = 0; i < cores; i++)
            (await started.WaitAsync(Patience)).Should().BeTrue();
        release.Release(cores);
        await Task.WhenAll(works).WaitAsync(Patience);

        bool Work()
        {
            started.Release();
            return release.Wait(Patience);
        }
    }

    [Fact]
    public async Task Work_of_one_lane_starts_in_the_order_in_which_it_arrives()
    {
        using ManualResetEventSlim release = new();
        ConcurrentQueue<int> order = new();
        Task<bool>[] busy = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => _pool.RunAsync("m", TimeSpan.MaxValue, _ => release.Wait(Patience), CancellationToken.None))];
        int started = 0;
        Task<int>[] works = [.. Enumerable.Range(0, 100).Select(i => _pool.RunAsync("m", TimeSpan.MaxValue, _ => Record(i), CancellationToken.None))];

        release.Set();
        await Task.WhenAll([.. busy, .. works]).WaitAsync(Patience);

        started.Should().Be(100);
        if (Environment.ProcessorCount <= 2)
            order.Should().Equal(Enumerable.Range(0, 100));

        int Record(int number)
        {
            Interlocked.Increment(ref started);
            order.Enqueue(number);
            return number;
        }
    }

    [Fact]
    public async Task Slow_work_of_one_lane_does_not_keep_another_lane_waiting()
    {
        if (Environment.ProcessorCount == 1)
            return;
        using ManualResetEventSlim release = new();
        Task<bool>[] slow = [.. Enumerable.Range(0, 100).Select(_ => _pool.RunAsync("slow", TimeSpan.MaxValue, _ => release.Wait(Patience), CancellationToken.None))];

        int answer = await _pool.RunAsync("other", TimeSpan.MaxValue, static _ => 7, CancellationToken.None).WaitAsync(Patience);

        answer.Should().Be(7);
        slow.Should().NotContain(task => task.IsCompleted);
        release.Set();
        await Task.WhenAll(slow).WaitAsync(Patience);
    }

    [Fact]
    public async Task The_threads_have_a_lower_priority_than_the_others_whatever_that_of_the_process_is()
    {
        using System.Diagnostics.Process process = System.Diagnostics.Process.GetCurrentProcess();

        int nice = await _pool.RunAsync("m", TimeSpan.FromSeconds(10), static _ => CurrentThread.NiceValue, CancellationToken.None);

        nice.Should().Be(Math.Min(process.BasePriority + 5, 19));
    }

    [Fact]
    public async Task The_budget_counts_the_processor_time_of_the_work_and_not_the_time_it_sleeps()
    {
        bool isExceededAfterSleep = await _pool.RunAsync(
            "m",
            TimeSpan.FromMilliseconds(50),
            static budget =>
            {
                Thread.Sleep(200);
                return budget.IsExceeded();
            },
            CancellationToken.None);
        Task<bool> spinning = _pool.RunAsync("m", TimeSpan.FromMilliseconds(50), SpinUntilExceeded, CancellationToken.None);

        isExceededAfterSleep.Should().BeFalse();
        (await spinning.WaitAsync(Patience)).Should().BeTrue();
    }

    [Fact]
    public async Task Work_that_is_cancelled_while_it_runs_ends_at_its_next_check()
    {
        using CancellationTokenSource cancel = new();
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously), ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<bool> work = _pool.RunAsync(
            "m",
            TimeSpan.MaxValue,
            budget =>
            {
                started.SetResult();
                try
                {
                    return SpinUntilExceeded(budget);
                }
                finally
                {
                    ended.SetResult();
                }
            },
            cancel.Token);
        await started.Task.WaitAsync(Patience);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work.WaitAsync(Patience));
        await ended.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_thread_that_waits_for_work_does_not_keep_the_result_of_the_last_one()
    {
        using CpuPool pool = new();

        WeakReference result = await MakeAsync(pool);

        // Less than the time after which the thread ends. The thread may still be on its way to the wait.
        bool isCollected = SpinWait.SpinUntil(
            () =>
            {
                GC.Collect();
                return !result.IsAlive;
            },
            TimeSpan.FromMilliseconds(500));
        isCollected.Should().BeTrue();

        static async Task<WeakReference> MakeAsync(CpuPool pool) =>
            new(await pool.RunAsync("lane", TimeSpan.FromSeconds(1), static _ => new byte[1 << 20], CancellationToken.None));
    }

    [Fact]
    public async Task Work_that_is_cancelled_while_it_waits_never_starts()
    {
        using CancellationTokenSource cancel = new();
        using ManualResetEventSlim release = new();
        bool hasRun = false;
        Task<bool>[] busy = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(i => _pool.RunAsync($"m{i}", TimeSpan.MaxValue, _ => release.Wait(Patience), CancellationToken.None))];
        Task<bool> waiting = _pool.RunAsync("m", TimeSpan.MaxValue, _ => hasRun = true, cancel.Token);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience));
        release.Set();
        await Task.WhenAll(busy);
        await _pool.RunAsync("m", TimeSpan.MaxValue, static _ => 0, CancellationToken.None);

        hasRun.Should().BeFalse();
    }

    [Fact]
    public async Task A_pool_that_is_closed_cancels_the_preparation_of_requests_and_not_the_work_on_outputs()
    {
        using SemaphoreSlim started = new(0), release = new(0);
        Task<bool> output = _pool.RunAsync("b", TimeSpan.MaxValue, Wait, CancellationToken.None, isForOutput: true);
        (await started.WaitAsync(Patience)).Should().BeTrue();
        Task<bool> preparing = _pool.RunAsync("a", TimeSpan.MaxValue, SpinUntilExceeded, CancellationToken.None);

        await _pool.CloseAsync();
        Func<Task> waiting = () => preparing.WaitAsync(Patience), late = () => _pool.RunAsync("a", TimeSpan.MaxValue, static _ => 7, CancellationToken.None).WaitAsync(Patience);

        await waiting.Should().ThrowAsync<DrainingException>();
        await late.Should().ThrowAsync<DrainingException>();
        release.Release();
        (await output.WaitAsync(Patience)).Should().BeTrue();

        bool Wait(CpuBudget budget)
        {
            started.Release();
            return release.Wait(Patience) && !budget.IsExceeded();
        }
    }

    [Fact]
    public async Task A_closed_pool_cancels_the_work_on_outputs_after_the_time_that_is_left()
    {
        Task<bool> output = _pool.RunAsync("m", TimeSpan.MaxValue, SpinUntilExceeded, CancellationToken.None, isForOutput: true);

        await _pool.CloseAsync();
        _pool.CancelAfter(TimeSpan.Zero);
        Func<Task> waiting = () => output.WaitAsync(Patience);

        await waiting.Should().ThrowAsync<DrainingException>();
    }

    [Fact]
    public async Task Work_that_runs_out_of_memory_is_done_again_after_memory_was_freed()
    {
        int freed = 0, attempts = 0;
        _pool.Spare.Set(() => ++freed == 1);

        int answer = await _pool.RunAsync("m", TimeSpan.MaxValue, _ => ++attempts == 1 ? throw new InsufficientMemoryException() : 7, CancellationToken.None).WaitAsync(Patience);
        Func<Task> failing = () => _pool.RunAsync<int>("m", TimeSpan.MaxValue, static _ => throw new InsufficientMemoryException(), CancellationToken.None).WaitAsync(Patience);

        (answer, attempts).Should().Be((7, 2));
        await failing.Should().ThrowAsync<OutOfMemoryException>("nothing was left to free");
    }

    [Fact]
    public async Task An_exception_of_the_work_reaches_the_caller_and_the_pool_goes_on()
    {
        for (int i = 0; i < 2 * Environment.ProcessorCount; i++)
        {
            Func<Task> failing = () => _pool.RunAsync<int>("m", TimeSpan.MaxValue, static _ => throw new PromptException("bad"), CancellationToken.None);
            await failing.Should().ThrowAsync<PromptException>();
        }

        (await _pool.RunAsync("m", TimeSpan.MaxValue, static _ => 7, CancellationToken.None)).Should().Be(7);
    }

    /// <summary>Uses processor time until the budget is exceeded. Returns false if that takes unreasonably long.</summary>
    private static bool SpinUntilExceeded(CpuBudget budget)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Patience)
        {
            if (budget.IsExceeded())
                return true;
        }

        return false;
    }
}

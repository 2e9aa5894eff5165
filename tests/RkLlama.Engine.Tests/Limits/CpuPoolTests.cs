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
    public async Task At_most_one_work_per_core_runs_at_a_time_and_the_rest_waits_in_order()
    {
        using SemaphoreSlim started = new(0), release = new(0);
        ConcurrentQueue<int> order = new();
        int cores = Environment.ProcessorCount;
        Task<int>[] works = [.. Enumerable.Range(0, cores + 2).Select(i => _pool.RunAsync(TimeSpan.MaxValue, _ => Work(i), CancellationToken.None))];
        for (int i = 0; i < cores; i++)
            (await started.WaitAsync(Patience)).Should().BeTrue();

        order.Should().HaveCount(cores);
        release.Release(cores + 2);
        await Task.WhenAll(works).WaitAsync(Patience);

        order.Should().HaveCount(cores + 2);
        order.Take(cores).Should().BeEquivalentTo(Enumerable.Range(0, cores));

        int Work(int number)
        {
            order.Enqueue(number);
            started.Release();
            release.Wait();
            return number;
        }
    }

    [Fact]
    public async Task The_budget_counts_the_processor_time_of_the_work_and_not_the_time_it_sleeps()
    {
        bool isExceededAfterSleep = await _pool.RunAsync(
            TimeSpan.FromMilliseconds(50),
            static budget =>
            {
                Thread.Sleep(200);
                return budget.IsExceeded();
            },
            CancellationToken.None);
        Task<bool> spinning = _pool.RunAsync(TimeSpan.FromMilliseconds(50), SpinUntilExceeded, CancellationToken.None);

        isExceededAfterSleep.Should().BeFalse();
        (await spinning.WaitAsync(Patience)).Should().BeTrue();
    }

    [Fact]
    public async Task Work_that_is_cancelled_while_it_runs_ends_at_its_next_check()
    {
        using CancellationTokenSource cancel = new();
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously), ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<bool> work = _pool.RunAsync(
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
    public async Task Work_that_is_cancelled_while_it_waits_never_starts()
    {
        using CancellationTokenSource cancel = new();
        using ManualResetEventSlim release = new();
        bool hasRun = false;
        Task<bool>[] busy = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => _pool.RunAsync(TimeSpan.MaxValue, _ => release.Wait(Patience), CancellationToken.None))];
        Task<bool> waiting = _pool.RunAsync(TimeSpan.MaxValue, _ => hasRun = true, cancel.Token);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience));
        release.Set();
        await Task.WhenAll(busy);
        await _pool.RunAsync(TimeSpan.MaxValue, static _ => 0, CancellationToken.None);

        hasRun.Should().BeFalse();
    }

    [Fact]
    public async Task An_exception_of_the_work_reaches_the_caller_and_the_pool_goes_on()
    {
        for (int i = 0; i < 2 * Environment.ProcessorCount; i++)
        {
            Func<Task> failing = () => _pool.RunAsync<int>(TimeSpan.MaxValue, static _ => throw new PromptException("bad"), CancellationToken.None);
            await failing.Should().ThrowAsync<PromptException>();
        }

        (await _pool.RunAsync(TimeSpan.MaxValue, static _ => 7, CancellationToken.None)).Should().Be(7);
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

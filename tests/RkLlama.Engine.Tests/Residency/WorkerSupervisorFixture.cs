using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

/// <summary>A supervisor of one model with a fake engine, on a clock that the test advances.</summary>
public abstract class WorkerSupervisorFixture : IAsyncDisposable
{
    private protected WorkerSupervisorFixture() => (Model, Fatal) = (Node.NewInstance("m", (model, _) => States.Enqueue(model.State)), new(Time));

    private protected EngineNode Node { get; } = new();

    private protected RecordingTime Time { get; } = new();

    private protected ConcurrentQueue<ModelState> States { get; } = new();

    private protected ModelInstance Model { get; }

    private protected FatalRequests Fatal { get; }

    private protected List<FakeSession> Sessions => Node.Engine.Sessions;

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Node.DisposeAsync();
    }

    /// <summary>Waits for this delay to start, and advances the clock by it.</summary>
    private protected async Task PassDelayAsync(TimeSpan delay)
    {
        await EventuallyAsync(() => Time.Delays.Contains(delay));
        Time.Advance(delay);
    }

    private protected WorkerSupervisor New(Task previousEnd)
    {
        Model.TryMove(ModelState.Loading);
        return new(Model, 1, previousEnd, Node.Engine, Node.Host.Memory, Node.Faults, Fatal, Node.Metrics, Time, NullLogger.Instance);
    }

    private protected async Task<WorkerSupervisor> StartAsync()
    {
        WorkerSupervisor supervisor = New(Task.CompletedTask);
        await supervisor.Ready.WaitAsync(Patience);
        return supervisor;
    }

    /// <summary>Crashes the newest session, and waits for its restart, which has no delay.</summary>
    private protected async Task CrashAsync(string reason)
    {
        int count = Sessions.Count;
        Sessions[^1].Crash(reason);
        await EventuallyAsync(() => Sessions.Count > count && Model.State == ModelState.Ready);
    }

    /// <summary>Crashes the newest session, and advances the clock by the delay before its restart.</summary>
    /// <returns>The delay.</returns>
    private protected async Task<TimeSpan> CrashAndWaitAsync(string reason)
    {
        int delays = Time.Delays.Length, count = Sessions.Count;
        Sessions[^1].Crash(reason);
        await EventuallyAsync(() => Time.Delays.Length > delays);
        TimeSpan delay = Time.Delays[^1];
        Time.Advance(delay);
        await EventuallyAsync(() => Sessions.Count > count && Model.State == ModelState.Ready);
        return delay;
    }

    /// <summary>Records the delay of each timer after it has been started.</summary>
    private protected sealed class RecordingTime : FakeTimeProvider
    {
        private readonly ConcurrentQueue<TimeSpan> _delays = new();

        internal TimeSpan[] Delays => [.. _delays];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = base.CreateTimer(callback, state, dueTime, period);
            _delays.Enqueue(dueTime);
            return timer;
        }
    }
}

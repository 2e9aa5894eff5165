using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

public sealed class WorkerSupervisorTests : IAsyncDisposable
{
    private readonly EngineNode _node = new();
    private readonly RecordingTime _time = new();
    private readonly ConcurrentQueue<ModelState> _states = new();
    private readonly ModelInstance _model;
    private readonly FatalRequests _fatal;

    public WorkerSupervisorTests() => (_model, _fatal) = (_node.NewInstance("m", (model, _) => _states.Enqueue(model.State)), new(_time));

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    private List<FakeSession> Sessions => _node.Engine.Sessions;

    [Fact]
    public async Task The_first_load_makes_the_model_ready()
    {
        WorkerSupervisor supervisor = await StartAsync();

        _model.State.Should().Be(ModelState.Ready);
        _model.Facts!.RuntimeVersion.Should().Be("1.2.3");
        _states.Should().Equal(ModelState.Loading, ModelState.Ready);
        await supervisor.EndAsync();
    }

    [Fact]
    public async Task The_first_load_waits_for_the_end_of_the_previous_worker()
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        WorkerSupervisor supervisor = New(ended.Task);
        supervisor.Ready.IsCompleted.Should().BeFalse();
        Sessions.Should().BeEmpty();

        ended.SetException(new EngineException("crashed at its end"));
        await supervisor.Ready.WaitAsync(Patience);

        Sessions.Should().ContainSingle();
    }

    [Fact]
    public async Task A_stuck_previous_worker_fails_the_load()
    {
        WorkerStuckException stuck = new(42, new TaskCompletionSource().Task);
        WorkerSupervisor supervisor = New(Task.FromException(stuck));

        await supervisor.Invoking(one => one.Ready).Should().ThrowAsync<WorkerStuckException>();

        Sessions.Should().BeEmpty();
        _model.State.Should().Be(ModelState.NotLoaded);
    }

    [Fact]
    public async Task A_failed_first_load_is_reported_and_not_repeated()
    {
        _node.FailLoads(1, "bad magic");
        WorkerSupervisor supervisor = New(Task.CompletedTask);

        await supervisor.Invoking(one => one.Ready).Should().ThrowAsync<EngineException>().WithMessage("bad magic");

        _model.State.Should().Be(ModelState.NotLoaded);
        _node.Faults.Last!.Reason.Should().Be("bad magic");
        Sessions.Should().BeEmpty();
        _node.MetricsPage["rkllama_model_load_failures_total"].Should().Be(1);
    }

    [Fact]
    public async Task A_crashed_worker_is_restarted_after_0_1_2_4_and_8_seconds_and_then_given_up()
    {
        WorkerSupervisor supervisor = await StartAsync();

        await CrashAsync("crash 1");
        foreach (int seconds in (int[])[1, 2, 4, 8])
            (await CrashAndWaitAsync($"before {seconds} s")).Should().Be(TimeSpan.FromSeconds(seconds));

        Sessions.Should().HaveCount(6);
        Sessions[^1].Crash("once more");
        await EventuallyAsync(() => _model.State == ModelState.Failed);
        _model.Failure.Should().Contain("failed 5 times in 10 minutes").And.Contain("once more");
        _node.Faults.Last!.Reason.Should().Be("once more");
        await supervisor.Invoking(one => one.StartRunAsync(EngineNode.Start, default)).Should().ThrowAsync<EngineException>().WithMessage("*load it again*");
        _states.Should().Equal(
            [ModelState.Loading, ModelState.Ready, .. Enumerable.Repeat((ModelState[])[ModelState.Restarting, ModelState.Ready], 5).SelectMany(states => states), ModelState.Restarting, ModelState.Failed]);
        await supervisor.EndAsync();
        _model.State.Should().Be(ModelState.NotLoaded);
    }

    [Fact]
    public async Task Restarts_far_apart_do_not_count_together()
    {
        await StartAsync();

        for (int i = 0; i < 8; i++)
        {
            await CrashAsync("now and then");
            _time.Advance(TimeSpan.FromMinutes(11));
        }

        Sessions.Should().HaveCount(9);
        _model.State.Should().Be(ModelState.Ready);
        _time.Delays.Should().BeEmpty("a restart that is the only one in ten minutes has no delay");
    }

    [Fact]
    public async Task A_restart_that_fails_counts_as_one_and_is_tried_again()
    {
        await StartAsync();
        _node.FailLoads(1, "open rknpu");

        TimeSpan delay = await CrashAndWaitAsync("crash");

        delay.Should().Be(TimeSpan.FromSeconds(1));
        _node.Faults.Last!.Reason.Should().Be("open rknpu");
        Sessions.Should().HaveCount(2);
        _model.State.Should().Be(ModelState.Ready);
    }

    [Fact]
    public async Task Restarts_go_on_while_the_library_is_missing()
    {
        WorkerSupervisor supervisor = await StartAsync();
        bool isMissing = true;
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = _node.Engine.Load;
        _node.Engine.Load = (model, cancellationToken) => isMissing
            ? Task.FromException<IEngineSession>(new EngineException("librkllmrt.so was not found") { Code = FailureCode.LibraryNotFound })
            : load(model, cancellationToken);

        Sessions[0].Crash("crash");
        foreach (int seconds in (int[])[1, 2, 4, 8])
            await PassDelayAsync(TimeSpan.FromSeconds(seconds));
        await EventuallyAsync(() => _model.State == ModelState.Failed);
        _model.Failure.Should().Contain("librkllmrt.so was not found").And.Contain("30 s");
        await supervisor.Invoking(one => one.StartRunAsync(EngineNode.Start, default)).Should().ThrowAsync<EngineException>().WithMessage("*not found*");
        await PassDelayAsync(TimeSpan.FromSeconds(30));
        await EventuallyAsync(() => _model.State == ModelState.Failed && _model.Failure!.Contains("60 s", StringComparison.Ordinal));
        isMissing = false;
        await PassDelayAsync(TimeSpan.FromSeconds(60));

        await EventuallyAsync(() => _model.State == ModelState.Ready);
        Sessions.Should().HaveCount(2);
        (await supervisor.StartRunAsync(EngineNode.Start, default).WaitAsync(Patience)).Completion.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task An_end_stops_the_attempts_to_restart()
    {
        WorkerSupervisor supervisor = await StartAsync();
        _node.Engine.Load = static (_, _) => Task.FromException<IEngineSession>(new EngineException("the worker process could not be started") { IsTransient = true });
        Sessions[0].Crash("crash");
        foreach (int seconds in (int[])[1, 2, 4, 8])
            await PassDelayAsync(TimeSpan.FromSeconds(seconds));
        await EventuallyAsync(() => _model.State == ModelState.Failed);

        await supervisor.EndAsync().WaitAsync(Patience);
        _time.Advance(TimeSpan.FromHours(1));

        _model.State.Should().Be(ModelState.NotLoaded);
    }

    [Fact]
    public async Task A_run_that_finds_a_dead_session_goes_to_the_next()
    {
        WorkerSupervisor supervisor = await StartAsync();
        List<IEngineSession> asked = [];

        EngineRun run = await supervisor.StartRunAsync(
            session =>
            {
                asked.Add(session);
                if (session != Sessions[0])
                    return EngineNode.Start(session);
                Sessions[0].Crash("died first");
                throw new SessionDiedException();
            },
            default).WaitAsync(Patience);

        asked.Should().Equal(Sessions[0], Sessions[1]);
        run.Completion.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task A_run_waits_while_the_worker_restarts()
    {
        WorkerSupervisor supervisor = await StartAsync();
        TaskCompletionSource allowed = _node.HoldLoads();
        Sessions[0].Crash("boom");
        await EventuallyAsync(() => _model.State == ModelState.Restarting);

        Task<EngineRun> starting = supervisor.StartRunAsync(EngineNode.Start, default);
        starting.IsCompleted.Should().BeFalse();
        allowed.SetResult();
        await starting.WaitAsync(Patience);

        _model.State.Should().Be(ModelState.Ready);
    }

    [Fact]
    public async Task An_end_during_the_first_load_cancels_it()
    {
        _node.HoldLoads();
        WorkerSupervisor supervisor = New(Task.CompletedTask);
        await EventuallyAsync(() => _model.State == ModelState.Loading);

        await supervisor.EndAsync().WaitAsync(Patience);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => supervisor.Ready);
        _model.State.Should().Be(ModelState.NotLoaded);
        _node.Faults.Last.Should().BeNull("an end is not a fault");
    }

    [Fact]
    public async Task An_end_does_not_wait_for_a_tokenizer_that_does_not_load()
    {
        TaskCompletionSource<Prompts.PromptBuilder> never = new();
        ModelInstance model = new(_node.Catalog.Find("m"), _ => never.Task, static (_, _) => { });
        WorkerSupervisor supervisor = new(model, 1, Task.CompletedTask, _node.Engine, _node.Host.Memory, _node.Faults, _fatal, _node.Metrics, _time, NullLogger.Instance);
        model.TryMove(ModelState.Loading);

        await supervisor.EndAsync().WaitAsync(Patience);

        model.State.Should().Be(ModelState.NotLoaded);
        Sessions.Should().BeEmpty();
    }

    [Fact]
    public async Task An_end_during_the_delay_before_a_restart_cancels_it()
    {
        WorkerSupervisor supervisor = await StartAsync();
        await CrashAsync("one");
        Sessions[^1].Crash("two");
        await EventuallyAsync(() => _time.Delays.Length == 1);

        await supervisor.EndAsync().WaitAsync(Patience);
        _time.Advance(TimeSpan.FromSeconds(10));

        Sessions.Should().HaveCount(2);
        _model.State.Should().Be(ModelState.NotLoaded);
    }

    [Fact]
    public async Task An_end_disposes_the_session_and_a_crash_afterwards_restarts_nothing()
    {
        WorkerSupervisor supervisor = await StartAsync();

        await supervisor.EndAsync().WaitAsync(Patience);
        Sessions[0].Crash("late");
        await EventuallyAsync(() => _node.Faults.Last is not null);

        Sessions.Should().ContainSingle().Which.IsDisposed.Should().BeTrue();
        _states.Should().Equal(ModelState.Loading, ModelState.Ready, ModelState.Unloading, ModelState.NotLoaded);
    }

    [Fact]
    public async Task A_worker_that_survives_the_end_makes_the_model_stuck_until_it_exits()
    {
        TaskCompletionSource exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
        WorkerSupervisor supervisor = await StartAsync();
        Sessions[0].Stuck = new(42, exited.Task);

        await supervisor.Invoking(one => one.EndAsync()).Should().ThrowAsync<WorkerStuckException>();
        _model.State.Should().Be(ModelState.Stuck);
        _model.Failure.Should().Contain("42");
        exited.SetResult();

        await EventuallyAsync(() => _model.State == ModelState.NotLoaded);
    }

    [Fact]
    public async Task A_crashed_worker_that_does_not_exit_makes_the_model_stuck_and_then_failed()
    {
        TaskCompletionSource exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartAsync();
        Sessions[0].Stuck = new(42, exited.Task);

        Sessions[0].Crash("hung");
        await EventuallyAsync(() => _model.State == ModelState.Stuck);
        exited.SetResult();

        await EventuallyAsync(() => _model.State == ModelState.Failed);
        Sessions.Should().ContainSingle();
    }

    [Fact]
    public async Task A_request_that_has_ended_two_workers_is_refused_for_an_hour()
    {
        WorkerSupervisor supervisor = await StartAsync();
        await DieAsync(supervisor, request: 1);
        await DieAsync(supervisor, request: 1);

        await supervisor.Invoking(one => one.StartRunAsync(EngineNode.Start, default, 1)).Should().ThrowAsync<FatalRequestException>().WithMessage("*ended the worker of model m 2 times*");
        EngineRun other = await supervisor.StartRunAsync(EngineNode.Start, default, 2).WaitAsync(Patience);
        other.Complete(new(RunEndReason.Stop, 1, null, null));
        _time.Advance(TimeSpan.FromMinutes(61));
        await supervisor.StartRunAsync(EngineNode.Start, default, 1).WaitAsync(Patience);

        _model.State.Should().Be(ModelState.Ready);
    }

    [Fact]
    public async Task Deaths_of_requests_never_count_towards_the_five_restarts()
    {
        WorkerSupervisor supervisor = await StartAsync();
        for (int i = 0; i < 8; i++)
        {
            await DieAsync(supervisor, request: (UInt128)i);
            (await supervisor.StartRunAsync(EngineNode.Start, default, 100).WaitAsync(Patience)).Complete(new(RunEndReason.Stop, 1, null, null));
        }

        TimeSpan delay = await CrashAndWaitAsync("by itself");

        _model.State.Should().Be(ModelState.Ready);
        delay.Should().Be(TimeSpan.FromSeconds(8), "the delay grows with all restarts, up to 8 s");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Many_requests_in_a_row_that_end_the_worker_do_not_take_the_model_down(int deathsOfEach)
    {
        WorkerSupervisor supervisor = await StartAsync();
        for (int death = 0; death < 8 * deathsOfEach; death++)
            await DieAsync(supervisor, request: (UInt128)(death / deathsOfEach));

        await supervisor.StartRunAsync(EngineNode.Start, default, 100).WaitAsync(Patience);

        _model.State.Should().Be(ModelState.Ready);
        _states.Should().NotContain(ModelState.Failed);
    }

    [Theory]
    [InlineData(nameof(WorkerDeath.Killed), null)]
    [InlineData(nameof(WorkerDeath.Hang), nameof(AbortCause.ClientDisconnected))]
    [InlineData(nameof(WorkerDeath.Crash), nameof(AbortCause.StopSequence))]
    public async Task A_request_is_not_charged_with_a_death_that_it_has_not_provoked(string deathName, string? abortCause)
    {
        WorkerDeath death = Enum.Parse<WorkerDeath>(deathName);
        AbortCause? aborted = abortCause is null ? null : Enum.Parse<AbortCause>(abortCause);
        WorkerSupervisor supervisor = await StartAsync();
        for (int i = 0; i < 3; i++)
            await DieAsync(supervisor, request: 1, death, aborted);

        await supervisor.StartRunAsync(EngineNode.Start, default, 1).WaitAsync(Patience);

        _model.State.Should().Be(ModelState.Ready);
    }

    /// <summary>Starts a run, lets the worker die during it, and waits for the next worker.</summary>
    private async Task DieAsync(WorkerSupervisor supervisor, UInt128 request, WorkerDeath death = WorkerDeath.Crash, AbortCause? aborted = null)
    {
        EngineRun run = await supervisor.StartRunAsync(EngineNode.Start, default, request).WaitAsync(Patience);
        if (aborted is { } cause)
            run.Abort(cause);
        int count = Sessions.Count, delays = _time.Delays.Length;
        Sessions[^1].Crash("provoked", death);
        await EventuallyAsync(() =>
        {
            if (_time.Delays.Length > delays)
                _time.Advance(TimeSpan.FromSeconds(8));
            delays = _time.Delays.Length;
            return Sessions.Count > count && _model.State == ModelState.Ready;
        });
    }

    /// <summary>Waits for this delay to start, and advances the clock by it.</summary>
    private async Task PassDelayAsync(TimeSpan delay)
    {
        await EventuallyAsync(() => _time.Delays.Contains(delay));
        _time.Advance(delay);
    }

    private WorkerSupervisor New(Task previousEnd)
    {
        _model.TryMove(ModelState.Loading);
        return new(_model, 1, previousEnd, _node.Engine, _node.Host.Memory, _node.Faults, _fatal, _node.Metrics, _time, NullLogger.Instance);
    }

    private async Task<WorkerSupervisor> StartAsync()
    {
        WorkerSupervisor supervisor = New(Task.CompletedTask);
        await supervisor.Ready.WaitAsync(Patience);
        return supervisor;
    }

    /// <summary>Crashes the newest session, and waits for its restart, which has no delay.</summary>
    private async Task CrashAsync(string reason)
    {
        int count = Sessions.Count;
        Sessions[^1].Crash(reason);
        await EventuallyAsync(() => Sessions.Count > count && _model.State == ModelState.Ready);
    }

    /// <summary>Crashes the newest session, and advances the clock by the delay before its restart.</summary>
    /// <returns>The delay.</returns>
    private async Task<TimeSpan> CrashAndWaitAsync(string reason)
    {
        int delays = _time.Delays.Length, count = Sessions.Count;
        Sessions[^1].Crash(reason);
        await EventuallyAsync(() => _time.Delays.Length > delays);
        TimeSpan delay = _time.Delays[^1];
        _time.Advance(delay);
        await EventuallyAsync(() => Sessions.Count > count && _model.State == ModelState.Ready);
        return delay;
    }

    /// <summary>Records the delay of each timer after it has been started.</summary>
    private sealed class RecordingTime : FakeTimeProvider
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

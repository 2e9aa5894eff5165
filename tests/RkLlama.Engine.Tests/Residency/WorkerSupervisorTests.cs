using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

/// <summary>The first load of a model, and the end of its workers.</summary>
public sealed class WorkerSupervisorTests : WorkerSupervisorFixture
{
    [Fact]
    public async Task The_first_load_makes_the_model_ready()
    {
        WorkerSupervisor supervisor = await StartAsync();

        Model.State.Should().Be(ModelState.Ready);
        Model.Facts!.RuntimeVersion.Should().Be("1.2.3");
        States.Should().Equal(ModelState.Loading, ModelState.Ready);
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
        Model.State.Should().Be(ModelState.NotLoaded);
    }

    [Fact]
    public async Task A_failed_first_load_is_reported_and_not_repeated()
    {
        Node.FailLoads(1, "bad magic");
        WorkerSupervisor supervisor = New(Task.CompletedTask);

        await supervisor.Invoking(one => one.Ready).Should().ThrowAsync<EngineException>().WithMessage("bad magic");

        Model.State.Should().Be(ModelState.NotLoaded);
        Node.Faults.Last!.Reason.Should().Be("bad magic");
        Sessions.Should().BeEmpty();
        Node.MetricsPage["rkllama_model_load_failures_total"].Should().Be(1);
    }

    [Fact]
    public async Task An_end_during_the_first_load_cancels_it()
    {
        Node.HoldLoads();
        WorkerSupervisor supervisor = New(Task.CompletedTask);
        await EventuallyAsync(() => Model.State == ModelState.Loading);

        await supervisor.EndAsync().WaitAsync(Patience);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => supervisor.Ready);
        Model.State.Should().Be(ModelState.NotLoaded);
        Node.Faults.Last.Should().BeNull("an end is not a fault");
    }

    [Fact]
    public async Task An_end_does_not_wait_for_a_tokenizer_that_does_not_load()
    {
        TaskCompletionSource<Prompts.PromptBuilder> never = new();
        ModelInstance model = new(Node.Catalog.Find("m"), _ => never.Task, static (_, _) => { });
        WorkerSupervisor supervisor = new(model, 1, Task.CompletedTask, Node.Engine, Node.Host.Memory, Node.Faults, Fatal, Node.Metrics, Time, NullLogger.Instance);
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
        await EventuallyAsync(() => Time.Delays.Length == 1);

        await supervisor.EndAsync().WaitAsync(Patience);
        Time.Advance(TimeSpan.FromSeconds(10));

        Sessions.Should().HaveCount(2);
        Model.State.Should().Be(ModelState.NotLoaded);
    }

    [Fact]
    public async Task An_end_disposes_the_session_and_a_crash_afterwards_restarts_nothing()
    {
        WorkerSupervisor supervisor = await StartAsync();

        await supervisor.EndAsync().WaitAsync(Patience);
        Sessions[0].Crash("late");
        await EventuallyAsync(() => Node.Faults.Last is not null);

        Sessions.Should().ContainSingle().Which.IsDisposed.Should().BeTrue();
        States.Should().Equal(ModelState.Loading, ModelState.Ready, ModelState.Unloading, ModelState.NotLoaded);
    }

    [Fact]
    public async Task A_worker_that_survives_the_end_makes_the_model_stuck_until_it_exits()
    {
        TaskCompletionSource exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
        WorkerSupervisor supervisor = await StartAsync();
        Sessions[0].Stuck = new(42, exited.Task);

        await supervisor.Invoking(one => one.EndAsync()).Should().ThrowAsync<WorkerStuckException>();
        Model.State.Should().Be(ModelState.Stuck);
        Model.Failure.Should().Contain("42");
        exited.SetResult();

        await EventuallyAsync(() => Model.State == ModelState.NotLoaded);
    }

    [Fact]
    public async Task A_crashed_worker_that_does_not_exit_makes_the_model_stuck_and_then_failed()
    {
        TaskCompletionSource exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartAsync();
        Sessions[0].Stuck = new(42, exited.Task);

        Sessions[0].Crash("hung");
        await EventuallyAsync(() => Model.State == ModelState.Stuck);
        exited.SetResult();

        await EventuallyAsync(() => Model.State == ModelState.Failed);
        Sessions.Should().ContainSingle();
    }
}

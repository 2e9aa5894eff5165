using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

/// <summary>Restarts of workers that have died by themselves.</summary>
public sealed class WorkerRestartTests : WorkerSupervisorFixture
{
    [Fact]
    public async Task A_crashed_worker_is_restarted_after_0_1_2_4_and_8_seconds_and_then_given_up()
    {
        WorkerSupervisor supervisor = await StartAsync();

        await CrashAsync("crash 1");
        foreach (int seconds in (int[])[1, 2, 4, 8])
            (await CrashAndWaitAsync($"before {seconds} s")).Should().Be(TimeSpan.FromSeconds(seconds));

        Sessions.Should().HaveCount(6);
        Sessions[^1].Crash("once more");
        await EventuallyAsync(() => Model.State == ModelState.Failed);
        Model.Failure.Should().Contain("failed 5 times in 10 minutes").And.Contain("once more");
        Node.Faults.Last!.Reason.Should().Be("once more");
        await supervisor.Invoking(one => one.StartRunAsync(EngineNode.Start, default)).Should().ThrowAsync<EngineException>().WithMessage("*until the operator loads it (/load_model) or it has been unloaded*");
        States.Should().Equal(
            [ModelState.Loading, ModelState.Ready, .. Enumerable.Repeat((ModelState[])[ModelState.Restarting, ModelState.Ready], 5).SelectMany(states => states), ModelState.Restarting, ModelState.Failed]);
        await supervisor.EndAsync();
        Model.State.Should().Be(ModelState.NotLoaded);
    }

    [Fact]
    public async Task Restarts_far_apart_do_not_count_together()
    {
        await StartAsync();

        for (int i = 0; i < 8; i++)
        {
            await CrashAsync("now and then");
            Time.Advance(TimeSpan.FromMinutes(11));
        }

        Sessions.Should().HaveCount(9);
        Model.State.Should().Be(ModelState.Ready);
        Time.Delays.Should().BeEmpty("a restart that is the only one in ten minutes has no delay");
    }

    [Fact]
    public async Task A_restart_that_fails_counts_as_one_and_is_tried_again()
    {
        await StartAsync();
        Node.FailLoads(1, "open rknpu");

        TimeSpan delay = await CrashAndWaitAsync("crash");

        delay.Should().Be(TimeSpan.FromSeconds(1));
        Node.Faults.Last!.Reason.Should().Be("open rknpu");
        Sessions.Should().HaveCount(2);
        Model.State.Should().Be(ModelState.Ready);
    }

    [Theory]
    [InlineData("library")]
    [InlineData("executable")]
    public async Task Restarts_go_on_while_a_file_that_the_worker_needs_is_missing(string file)
    {
        WorkerSupervisor supervisor = await StartAsync();
        bool isMissing = true;
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = Node.Engine.Load;
        Node.Engine.Load = (model, cancellationToken) => isMissing
            ? Task.FromException<IEngineSession>(file == "library"
                ? new EngineException("the file was not found") { Code = FailureCode.LibraryNotFound }
                : new EngineException("the file was not found") { IsTransient = true })
            : load(model, cancellationToken);

        Sessions[0].Crash("crash");
        foreach (int seconds in (int[])[1, 2, 4, 8])
            await PassDelayAsync(TimeSpan.FromSeconds(seconds));
        await EventuallyAsync(() => Model.State == ModelState.Failed);
        Model.Failure.Should().Contain("the file was not found").And.Contain("30 s");
        await supervisor.Invoking(one => one.StartRunAsync(EngineNode.Start, default)).Should().ThrowAsync<EngineException>().WithMessage("*not found*");
        await PassDelayAsync(TimeSpan.FromSeconds(30));
        await EventuallyAsync(() => Model.State == ModelState.Failed && Model.Failure!.Contains("60 s", StringComparison.Ordinal));
        isMissing = false;
        await PassDelayAsync(TimeSpan.FromSeconds(60));

        await EventuallyAsync(() => Model.State == ModelState.Ready);
        Sessions.Should().HaveCount(2);
        (await supervisor.StartRunAsync(EngineNode.Start, default).WaitAsync(Patience)).Completion.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task An_end_stops_the_attempts_to_restart()
    {
        WorkerSupervisor supervisor = await StartAsync();
        Node.Engine.Load = static (_, _) => Task.FromException<IEngineSession>(new EngineException("the worker process could not be started") { IsTransient = true });
        Sessions[0].Crash("crash");
        foreach (int seconds in (int[])[1, 2, 4, 8])
            await PassDelayAsync(TimeSpan.FromSeconds(seconds));
        await EventuallyAsync(() => Model.State == ModelState.Failed);

        await supervisor.EndAsync().WaitAsync(Patience);
        Time.Advance(TimeSpan.FromHours(1));

        Model.State.Should().Be(ModelState.NotLoaded);
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
        TaskCompletionSource allowed = Node.HoldLoads();
        Sessions[0].Crash("boom");
        await EventuallyAsync(() => Model.State == ModelState.Restarting);

        Task<EngineRun> starting = supervisor.StartRunAsync(EngineNode.Start, default);
        starting.IsCompleted.Should().BeFalse();
        allowed.SetResult();
        await starting.WaitAsync(Patience);

        Model.State.Should().Be(ModelState.Ready);
    }
}

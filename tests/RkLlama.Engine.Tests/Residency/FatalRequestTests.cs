using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

/// <summary>Workers that die because of a request.</summary>
public sealed class FatalRequestTests : WorkerSupervisorFixture
{
    [Fact]
    public async Task A_request_that_has_ended_two_workers_is_refused_for_an_hour()
    {
        WorkerSupervisor supervisor = await StartAsync();
        await DieAsync(supervisor, request: 1);
        await DieAsync(supervisor, request: 1);

        await supervisor.Invoking(one => one.StartRunAsync(EngineNode.Start, default, 1)).Should().ThrowAsync<FatalRequestException>().WithMessage("*ended the worker of model m 2 times*");
        EngineRun other = await supervisor.StartRunAsync(EngineNode.Start, default, 2).WaitAsync(Patience);
        other.Complete(new(RunEndReason.Stop, 1, null, null));
        Time.Advance(TimeSpan.FromMinutes(61));
        await supervisor.StartRunAsync(EngineNode.Start, default, 1).WaitAsync(Patience);

        Model.State.Should().Be(ModelState.Ready);
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

        Model.State.Should().Be(ModelState.Ready);
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

        Model.State.Should().Be(ModelState.Ready);
        States.Should().NotContain(ModelState.Failed);
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

        Model.State.Should().Be(ModelState.Ready);
    }

    /// <summary>Starts a run, lets the worker die during it, and waits for the next worker.</summary>
    private async Task DieAsync(WorkerSupervisor supervisor, UInt128 request, WorkerDeath death = WorkerDeath.Crash, AbortCause? aborted = null)
    {
        EngineRun run = await supervisor.StartRunAsync(EngineNode.Start, default, request).WaitAsync(Patience);
        if (aborted is { } cause)
            run.Abort(cause);
        int count = Sessions.Count, delays = Time.Delays.Length;
        Sessions[^1].Crash("provoked", death);
        await EventuallyAsync(() =>
        {
            if (Time.Delays.Length > delays)
                Time.Advance(TimeSpan.FromSeconds(8));
            delays = Time.Delays.Length;
            return Sessions.Count > count && Model.State == ModelState.Ready;
        });
    }
}

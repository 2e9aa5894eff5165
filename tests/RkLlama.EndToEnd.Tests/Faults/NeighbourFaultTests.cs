using System.Net;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>Each fault while another model is in memory: the other model keeps its worker and its KV cache, and answers next. No two runs overlap.</summary>
public sealed class NeighbourFaultTests
{
    private static readonly string[] ShortTimeouts =
        ["--prefill-timeout", "2", "--prefill-token-timeout", "0", "--token-timeout", "2", "--abort-grace", "0.5"];

    public static TheoryData<string> RunNames { get; } = RunFaults.All.Where(FaultRig.IsForSeveralModels).Names();

    public static TheoryData<string> RefusedNames { get; } = LoadFaults.Refused.Where(FaultRig.IsForSeveralModels).Names();

    public static TheoryData<string> SurvivedNames { get; } = LoadFaults.Survived.Names();

    public static TheoryData<string> LeavingNames { get; } = ControlFaults.Leaving.Names();

    public static TheoryData<string> EndingNames { get; } = ControlFaults.Ending.Names();

    [Theory]
    [MemberData(nameof(RunNames))]
    public Task A_fault_of_a_run_leaves_the_other_model_alone(string fault) =>
        FaultRig.BesideAnotherModelAsync(RunFaults.All.Named(fault), async rig =>
        {
            int neighbour = await rig.Neighbour.StartAsync();
            await LoadAsync(rig);

            Task<Seen> failing = Seen.AskAsync(rig.Node, rig.Fault.Prompt, stream: true);
            Task<int> other = rig.Neighbour.AskAsync();

            rig.Check(await failing, stream: true);
            await other;
            await rig.Neighbour.IsUntouchedAsync(neighbour);
            await rig.NextIsGoodAsync(stream: true);
            await rig.Neighbour.IsUntouchedAsync(neighbour);
        });

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public Task A_load_that_fails_leaves_the_other_model_alone(string fault) =>
        FaultRig.BesideAnotherModelAsync(LoadFaults.Refused.Named(fault), async rig =>
        {
            int neighbour = await rig.Neighbour.StartAsync();
            for (int load = 1; load <= 2; load++)
            {
                Seen refused = await rig.LoadAsync();

                refused.Status.Should().Be(HttpStatusCode.BadRequest);
                refused.Error.Should().MatchRegex(rig.Fault.Error!);
                await rig.Neighbour.IsUntouchedAsync(neighbour);
            }

            await LoadAsync(rig);
            await rig.Neighbour.IsUntouchedAsync(neighbour);
        });

    [Theory]
    [MemberData(nameof(SurvivedNames))]
    public Task A_load_with_a_fault_that_does_not_matter_leaves_the_other_model_alone(string fault) =>
        FaultRig.BesideAnotherModelAsync(LoadFaults.Survived.Named(fault), async rig =>
        {
            int neighbour = await rig.Neighbour.StartAsync();

            await LoadAsync(rig);

            await rig.Neighbour.IsUntouchedAsync(neighbour);
        });

    [Theory]
    [MemberData(nameof(LeavingNames))]
    public Task A_client_that_disconnects_leaves_the_other_model_alone(string fault) =>
        FaultRig.BesideAnotherModelAsync(ControlFaults.Leaving.Named(fault), async rig =>
        {
            int neighbour = await rig.Neighbour.StartAsync();
            await LoadAsync(rig);

            await ControlFaultTests.LeaveAsync(rig, stream: true);

            await rig.Neighbour.IsUntouchedAsync(neighbour);
            await rig.NextIsGoodAsync(stream: true);
        });

    [Theory]
    [MemberData(nameof(EndingNames))]
    public Task An_unload_during_a_run_leaves_the_other_model_alone(string fault) =>
        FaultRig.BesideAnotherModelAsync(ControlFaults.Ending.Named(fault), async rig =>
        {
            int neighbour = await rig.Neighbour.StartAsync();
            await LoadAsync(rig);
            TaskCompletionSource begun = new();
            Task<Seen> answering = Seen.AskAsync(rig.Node, rig.Fault.Prompt, stream: true, begun.SetResult);
            await begun.Task.WaitAsync(Node.Patience);

            Seen unloaded = await Seen.PostAsync(rig.Node, "/unload_model", "");

            unloaded.Status.Should().Be(HttpStatusCode.OK, "{0}", unloaded.Error);
            (await answering).Error.Should().Be("The model was unloaded while it answered.");
            await rig.Neighbour.IsUntouchedAsync(neighbour);
            rig.Node.Workers().Should().Equal(neighbour);
        });

    [Fact]
    public Task A_kill_for_lack_of_memory_affects_its_model_alone() =>
        FaultRig.BesideAnotherModelAsync(new("none", "no fault of the library") { Injected = "" }, async rig =>
        {
            int neighbour = await rig.Neighbour.StartAsync();
            await LoadAsync(rig);
            TaskCompletionSource begun = new();
            Task<Seen> answering = Seen.AskAsync(rig.Node, "!sleep 50 1000", stream: true, begun.SetResult);
            await begun.Task.WaitAsync(Node.Patience);

            Node.SignalTo("KILL", rig.Node.Workers().Single(worker => worker != neighbour));

            (await answering).Error.Should().Contain("SIGKILL");
            await rig.Neighbour.IsUntouchedAsync(neighbour);
            await rig.NextIsGoodAsync(stream: true);
        });

    [Fact]
    public Task A_worker_that_does_not_react_delays_the_other_model_until_its_timeout_only() =>
        FaultRig.BesideAnotherModelAsync(new("none", "no fault of the library") { Injected = "", Options = ShortTimeouts }, async rig =>
        {
            int neighbour = await rig.Neighbour.StartAsync();
            await LoadAsync(rig);
            Node.SignalTo("STOP", rig.Node.Workers().Single(worker => worker != neighbour));

            Task<Seen> asking = Seen.AskAsync(rig.Node, "!echo x", stream: true);
            Task<int> other = rig.Neighbour.AskAsync();

            (await asking).Error.Should().Contain("its worker was killed");
            await other;
            await rig.Neighbour.IsUntouchedAsync(neighbour);
            await rig.NextIsGoodAsync(stream: true);
        });

    [Fact]
    public Task A_load_that_crashes_for_lack_of_memory_leaves_the_other_model_alone() =>
        FaultRig.BesideAnotherModelAsync(new("segv", "a crash when the memory is not enough for a model") { Injected = "", Memory = "1G", ModelMegabytes = 3000 }, async rig =>
        {
            int neighbour = await rig.Neighbour.StartAsync();

            Seen refused = await rig.LoadAsync();

            (refused.Status, refused.Error!.Contains("SIGSEGV", StringComparison.Ordinal)).Should().Be((HttpStatusCode.BadRequest, true), "{0}", refused.Error);
            await rig.Neighbour.IsUntouchedAsync(neighbour);
        });

    /// <summary>Loads the model that has the fault, and checks two answers.</summary>
    private static async Task LoadAsync(FaultRig rig)
    {
        Seen loaded = await rig.LoadAsync();
        loaded.Status.Should().Be(HttpStatusCode.OK, "{0}", loaded.Error);
        await rig.NextIsGoodAsync(stream: false);
        await rig.NextIsGoodAsync(stream: true);
    }
}

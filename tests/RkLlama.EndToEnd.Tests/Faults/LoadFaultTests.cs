using System.Diagnostics;
using System.Net;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>
/// Each fault of a load. The load fails with the message of the library and leaves no resources behind. The next load without the fault succeeds.
/// </summary>
public sealed class LoadFaultTests
{
    public static TheoryData<string> RefusedNames { get; } = LoadFaults.Refused.Names();

    public static TheoryData<string> SurvivedNames { get; } = LoadFaults.Survived.Names();

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public Task A_load_fails_with_the_message_of_the_library_while_the_cause_lasts(string fault) =>
        FaultRig.OnEveryVersionAsync(LoadFaults.Refused.Named(fault), async rig =>
        {
            Seen first = await FailAsync(rig);
            await FailAsync(rig);

            double seconds = await RecoverAsync(rig);

            ReliabilityTable.Record("load", rig, $"400: {first.Error}", seconds);
        });

    [Fact]
    public Task A_load_names_the_missing_dependency_until_it_is_installed() =>
        FaultRig.OnEveryVersionAsync(LoadFaults.MissingDependency, async rig =>
        {
            Seen first = await FailAsync(rig);
            await FailAsync(rig);

            rig.MendLibrary();
            double seconds = await RecoverAsync(rig);

            ReliabilityTable.Record("load", rig, $"400: {first.Error}", seconds);
        });

    [Theory]
    [MemberData(nameof(SurvivedNames))]
    public Task A_load_succeeds_where_the_fault_does_not_matter(string fault) =>
        FaultRig.OnEveryVersionAsync(LoadFaults.Survived.Named(fault), async rig =>
        {
            for (int load = 1; load <= 2; load++)
            {
                Stopwatch watch = Stopwatch.StartNew();
                Seen loaded = await rig.LoadAsync();
                await rig.NextIsGoodAsync(stream: load == 2);
                double seconds = watch.Elapsed.TotalSeconds;

                loaded.Status.Should().Be(HttpStatusCode.OK, "{0}", loaded.Error);
                await rig.LogsAsync(otherwise: "Model demo loaded");
                await rig.Node.WorkerAsync();
                await rig.UnloadAsync();
                ReliabilityTable.Record("load", rig, rig.Fault.Harmless, seconds);
            }
        });

    /// <summary>Checks that the load fails, that requests afterwards fail because no model is loaded, and that no resources are left.</summary>
    private static async Task<Seen> FailAsync(FaultRig rig)
    {
        Seen refused = await rig.LoadAsync();
        Seen[] asked = [await Seen.AskAsync(rig.Node, "!count 3", stream: false), await Seen.AskAsync(rig.Node, "!count 3", stream: true)];

        refused.Status.Should().Be(HttpStatusCode.BadRequest);
        refused.Error.Should().StartWith("Model demo could not be loaded: ").And.MatchRegex(rig.Fault.Error!);
        asked.Should().AllBeEquivalentTo(new Seen(HttpStatusCode.BadRequest, "", null, "No models are currently loaded.", IsCut: false));
        await rig.IsEmptyAsync();
        return refused;
    }

    private static async Task<double> RecoverAsync(FaultRig rig)
    {
        Stopwatch watch = Stopwatch.StartNew();
        Seen loaded = await rig.LoadAsync();
        await rig.NextIsGoodAsync(stream: false);
        double seconds = watch.Elapsed.TotalSeconds;

        loaded.Status.Should().Be(HttpStatusCode.OK, "{0}", loaded.Error);
        await rig.NextIsGoodAsync(stream: true);
        await rig.Node.WorkerAsync();
        await rig.UnloadAsync();
        return seconds;
    }
}

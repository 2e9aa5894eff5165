using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>Each fault of a run, met by a client that waits for its answer and by one that streams it.</summary>
public sealed class RunFaultTests
{
    public static TheoryData<string> Names { get; } = RunFaults.All.Names();

    [Theory]
    [MemberData(nameof(Names))]
    public Task A_fault_of_a_run_costs_at_most_its_own_answer(string fault) =>
        FaultRig.OnEveryVersionAsync(RunFaults.All.Named(fault), async rig =>
        {
            foreach (bool stream in (bool[])[false, true])
            {
                Vitals before = await rig.WarmAsync();

                Seen seen = await Seen.AskAsync(rig.Node, rig.Fault.Prompt, stream);
                double seconds = await rig.NextIsGoodAsync(stream);

                rig.Check(seen, stream);
                await before.AreBackAsync(rig.Node);
                await rig.UnloadAsync();
                ReliabilityTable.Record("run", rig, Describe(seen, rig.Fault), seconds);
            }
        });

    private static string Describe(Seen seen, FaultCase fault) => seen.Error is null
        ? fault.Harmless
        : $"500{(fault.BreaksOff ? "; in a stream an error line and a cut" : "")}: {seen.Error}";
}

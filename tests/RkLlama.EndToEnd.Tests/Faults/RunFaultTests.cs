using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>Each fault of a run, for a client that waits for its complete answer and for a client that streams it.</summary>
public sealed class RunFaultTests
{
    public static TheoryData<string> Names { get; } = RunFaults.All.Names();

    [Theory]
    [MemberData(nameof(Names))]
    public Task A_fault_of_a_run_affects_its_own_answer_only(string fault) =>
        FaultRig.OnEveryVersionAsync(RunFaults.All.Named(fault), async rig =>
        {
            foreach (bool stream in (bool[])[false, true])
            {
                Vitals before = await rig.WarmAsync();
                int worker = await rig.Node.WorkerAsync();

                Seen seen = await Seen.AskAsync(rig.Node, rig.Fault.Prompt, stream);
                double seconds = await rig.NextIsGoodAsync(stream);

                rig.Check(seen, stream);
                await before.AreBackAsync(rig.Node);
                (await rig.Node.WorkerAsync() != worker).Should().Be(rig.Fault.WorkerIsReplaced, "the worker is replaced only if necessary");
                await rig.UnloadAsync();
                ReliabilityTable.Record("run", rig, Describe(seen, rig.Fault), seconds);
            }
        });

    [Theory]
    [InlineData("segv:6")]
    [InlineData("abort:6")]
    [InlineData("hang:6")]
    [InlineData("error_state:5")]
    public Task A_request_that_waits_while_a_run_fails_gets_a_whole_answer(string fault) =>
        FaultRig.OnEveryVersionAsync(RunFaults.All.Named(fault), async rig =>
        {
            await rig.WarmAsync();
            TaskCompletionSource begun = new();
            Task<Seen> failing = Seen.AskAsync(rig.Node, rig.Fault.Prompt, stream: true, begun.SetResult);
            await begun.Task.WaitAsync(Node.Patience);
            Task<double>[] waiting = [.. Enumerable.Range(0, 4).Select(i => rig.NextIsGoodAsync(stream: i % 2 == 0))];

            rig.Check(await failing, stream: true);
            await Task.WhenAll(waiting);
            await rig.UnloadAsync(also: waiting.Length);
        });

    private static string Describe(Seen seen, FaultCase fault) => seen.Error is null
        ? fault.Harmless
        : $"500{(fault.BreaksOff ? "; in a stream an error line and a cut" : "")}: {seen.Error}";
}

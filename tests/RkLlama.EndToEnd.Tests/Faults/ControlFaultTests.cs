using System.Diagnostics;
using System.Net;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>Each fault of abort, destroy and clear, triggered by a client that disconnects, by an unload, or by a repeated request.</summary>
public sealed class ControlFaultTests
{
    public static TheoryData<string> LeavingNames { get; } = ControlFaults.Leaving.Names();

    public static TheoryData<string> EndingNames { get; } = ControlFaults.Ending.Names();

    public static TheoryData<string> RepeatingNames { get; } = ControlFaults.Repeating.Names();

    [Theory]
    [MemberData(nameof(LeavingNames))]
    public Task A_client_that_disconnects_does_not_affect_other_answers(string fault) =>
        FaultRig.OnEveryVersionAsync(ControlFaults.Leaving.Named(fault), async rig =>
        {
            foreach (bool stream in (bool[])[false, true])
            {
                Vitals before = await rig.WarmAsync();
                int worker = await rig.Node.WorkerAsync();

                await LeaveAsync(rig, stream);
                double seconds = await rig.NextIsGoodAsync(stream);

                await before.AreBackAsync(rig.Node);
                await rig.LogsAsync(otherwise: "Cancelled");
                bool isReplaced = await rig.Node.WorkerAsync() != worker;
                isReplaced.Should().Be(rig.Fault.WorkerIsReplaced);
                await rig.UnloadAsync();
                ReliabilityTable.Record("control", rig, isReplaced ? "the client has disconnected; the worker is replaced" : "the client has disconnected; the run ends, the worker stays", seconds);
            }
        });

    [Theory]
    [MemberData(nameof(EndingNames))]
    public Task An_unload_ends_run_and_worker_under_every_fault_of_the_library(string fault) =>
        FaultRig.OnEveryVersionAsync(ControlFaults.Ending.Named(fault), async rig =>
        {
            await rig.WarmAsync();
            TaskCompletionSource begun = new();
            Task<Seen> answering = Seen.AskAsync(rig.Node, rig.Fault.Prompt, stream: true, begun.SetResult);
            await begun.Task.WaitAsync(Node.Patience);
            Task<Seen> waiting = Seen.AskAsync(rig.Node, "!count 3", stream: true);
            await rig.Node.WaitsAsync(1);

            await rig.UnloadAsync(also: 1);
            Seen cut = await answering;
            Seen refused = await waiting;
            Stopwatch watch = Stopwatch.StartNew();
            await rig.WarmAsync();
            double seconds = watch.Elapsed.TotalSeconds;

            refused.Should().Be(new Seen(HttpStatusCode.BadRequest, "", null, "No models are currently loaded.", IsCut: false));
            (cut.Status, cut.Error, cut.IsCut).Should().Be((HttpStatusCode.OK, "The model was unloaded while it answered.", true));
            await rig.UnloadAsync(also: 1);
            ReliabilityTable.Record("control", rig, $"in a stream an error line and a cut: {cut.Error}", seconds);
        });

    [Theory]
    [MemberData(nameof(RepeatingNames))]
    public Task A_request_sent_twice_is_answered_or_refused(string fault) =>
        FaultRig.OnEveryVersionAsync(ControlFaults.Repeating.Named(fault), async rig =>
        {
            foreach (bool stream in (bool[])[false, true])
            {
                Vitals before = await rig.WarmAsync();
                Seen first = await Seen.AskAsync(rig.Node, rig.Fault.Prompt, stream);

                Seen again = await Seen.AskAsync(rig.Node, rig.Fault.Prompt, stream);
                double seconds = await rig.NextIsGoodAsync(stream);

                first.IsWhole.Should().BeTrue("{0}", first);
                rig.Check(again, stream);
                await before.AreBackAsync(rig.Node);
                await rig.UnloadAsync();
                ReliabilityTable.Record("control", rig, again.Error is null ? rig.Fault.Harmless : $"500: {again.Error}", seconds);
            }
        });

    /// <summary>Disconnects from a stream after its first line, and from an answer in one piece while its run is active.</summary>
    internal static async Task LeaveAsync(FaultRig rig, bool stream)
    {
        if (stream)
        {
            using HttpResponseMessage response = await rig.Node.StreamAsync(rig.Fault.Prompt);
            using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
            (await reader.ReadLineAsync()).Should().NotBeNull();
            return;
        }

        using CancellationTokenSource leave = new();
        Task asking = rig.Node.PostJsonAsync("/generate", Node.Chat(rig.Fault.Prompt), leave.Token);
        await rig.Node.EventuallyAsync(() => rig.Node.Trace("rkllm_run").Count > rig.Node.Trace("run_end").Count, "the request should run");
        await leave.CancelAsync();
        await asking.Awaiting(task => task).Should().ThrowAsync<OperationCanceledException>();
    }
}

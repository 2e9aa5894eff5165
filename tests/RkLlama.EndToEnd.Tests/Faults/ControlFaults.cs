using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>The faults of control functions of the library: abort, destroy, clear the cache.</summary>
internal static class ControlFaults
{
    private static readonly string[] WithoutFirst = [.. TestPaths.Runtimes.Except(["1.1.4"])];

    private static readonly string[] ShortGrace = ["--abort-grace", "0.5"];

    private const string NotEnded = "Killing worker .*did not end the run within 0.5 s of the abort";

    /// <summary>A run of 40 s. A server that waits for its end instead of aborting it fails the test.</summary>
    private const string Long = "!sleep 100 400";

    /// <summary>Faults that occur when a client disconnects.</summary>
    internal static readonly FaultCase[] Leaving =
    [
        new("abort_ignored", "an abort without effect") { Injected = "abort_ignored", Prompt = Long, Options = ShortGrace, WorkerIsReplaced = true, Logged = NotEnded },
        new("abort_minus1", "an abort that is refused") { Injected = "abort_minus1", Prompt = Long, Options = ShortGrace, WorkerIsReplaced = true, Logged = NotEnded },
        new("abort_ignored@1", "an abort that comes too early") { Injected = "abort_ignored@1,abort_ignored@2", Prompt = Long },
        new("abort_late:200", "an abort with a delayed effect") { Injected = "abort_late:200", Prompt = "!sleep 500 100" },
    ];

    /// <summary>Faults that occur during an unload, with and without an active run.</summary>
    internal static readonly FaultCase[] Ending =
    [
        new("destroy_hang", "`rkllm_destroy` never returns") { Injected = "destroy_hang", Prompt = Long },
        new("destroy_while_running_segv", "a crash when the model is destroyed during a run") { Injected = "destroy_while_running_segv", Prompt = Long },
    ];

    /// <summary>Faults that occur when the same prompt is sent twice.</summary>
    internal static readonly FaultCase[] Repeating =
    [
        new("clear_minus1", "the KV cache cannot be cleared") { Injected = "clear_minus1", Versions = WithoutFirst, Prompt = "!count 20", Error = "rkllm_clear_kv_cache" },
        new("is_running_inverted", "`rkllm_is_running` returns the opposite") { Injected = "is_running_inverted", Prompt = "!count 20", Text = @"\s?1 2 .* 20", Harmless = "a complete answer: the server never calls it" },
    ];
}

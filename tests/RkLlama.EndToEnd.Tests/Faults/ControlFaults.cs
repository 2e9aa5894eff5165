using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>Everything that can go wrong while the library is told something: an abort, an end, an empty cache.</summary>
internal static class ControlFaults
{
    private static readonly string[] WithoutFirst = [.. TestPaths.Runtimes.Except(["1.1.4"])];

    private static readonly string[] ShortGrace = ["--abort-grace", "0.5"];

    private const string NotEnded = "Killing worker .*did not end the run within 0.5 s of the abort";

    /// <summary>Forty seconds of tokens: whoever waits for its end instead of ending it is noticed.</summary>
    private const string Long = "!sleep 100 400";

    /// <summary>Met by a client that leaves.</summary>
    internal static readonly FaultCase[] Leaving =
    [
        new("abort_ignored", "an abort without effect") { Injected = "abort_ignored", Prompt = Long, Options = ShortGrace, WorkerIsReplaced = true, Logged = NotEnded },
        new("abort_minus1", "an abort that is refused") { Injected = "abort_minus1", Prompt = Long, Options = ShortGrace, WorkerIsReplaced = true, Logged = NotEnded },
        new("abort_ignored@1", "an abort that comes too early") { Injected = "abort_ignored@1,abort_ignored@2", Prompt = Long },
        new("abort_late:200", "an abort that takes its time") { Injected = "abort_late:200", Prompt = "!sleep 500 100" },
    ];

    /// <summary>Met by an unload, with and without a run.</summary>
    internal static readonly FaultCase[] Ending =
    [
        new("destroy_hang", "a model that cannot be ended") { Injected = "destroy_hang", Prompt = Long },
        new("destroy_while_running_segv", "a crash when a run is ended from outside") { Injected = "destroy_while_running_segv", Prompt = Long },
    ];

    /// <summary>Met by asking the same question twice.</summary>
    internal static readonly FaultCase[] Repeating =
    [
        new("clear_minus1", "the cache cannot be emptied") { Injected = "clear_minus1", Versions = WithoutFirst, Prompt = "!count 20", Error = "rkllm_clear_kv_cache" },
        new("is_running_inverted", "the library says the opposite of what it does") { Injected = "is_running_inverted", Prompt = "!count 20", Text = @"\s?1 2 .* 20", Harmless = "a whole answer: it is never asked" },
    ];
}

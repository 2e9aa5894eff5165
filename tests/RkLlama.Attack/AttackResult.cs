using System.Globalization;

namespace RkLlama.Attack;

/// <summary>The figures of one attack, and what is wrong with them.</summary>
internal sealed class AttackResult(Attack attack, AttackOptions options, Tally tally)
{
    internal const double MaxMiB = 256;

    /// <summary>The longest time for a chat while an attack only holds connections. Less than the shortest attack, so that waiting for its end is too long.</summary>
    private const double MaxChatMs = 750;

    private static readonly TimeSpan MaxStop = TimeSpan.FromSeconds(10);

    private string? _broken;

    /// <summary>
    /// The columns: memory in MiB (idle, worst, above idle after the attack), latency of the health checks in ms, chats of the innocent client and the longest one in
    /// ms, wrong and lost answers, seconds of CPU work after the attack, seconds from SIGTERM to the end, verdict, and the answers to the attackers.
    /// </summary>
    internal static string Header =>
        $"{"attack",-44} {"idle",5} {"worst",5} {"left",5} {"health p99",10} {"worst",6} {"chats",5} {"worst",6} {"wrong",5} {"lost",5} {"busy",5} {"stop",5}  verdict";

    /// <summary>
    /// How far the memory may be above its idle size 10 s after an attack. Twice as far if latencies are only printed, because on a busy machine the server may
    /// return its memory later.
    /// </summary>
    private double MaxLeftMiB => options.HealthMs is null ? 32 : 16;

    internal required double IdleMiB { get; init; }

    internal required double WorstMiB { get; init; }

    internal required double LeftMiB { get; init; }

    internal required double HealthP99Ms { get; init; }

    internal required double HealthWorstMs { get; init; }

    internal required int HealthWrong { get; init; }

    /// <summary>The time to an answer after the attack; <see langword="null"/> without an answer.</summary>
    internal required TimeSpan? AnsweredAfter { get; init; }

    internal required double BusySeconds { get; init; }

    internal required TimeSpan? Stopped { get; init; }

    /// <summary>How the server ended during the attack; <see langword="null"/> if it did not.</summary>
    internal required string? Ending { get; init; }

    internal required string LastLog { get; init; }

    internal string[] Failures => _broken is not null ? [_broken] :
    [
        .. Ending is not null ? [$"the server died: {Ending}"] : (string[])[],
        .. WorstMiB > MaxMiB ? [Text($"memory above {MaxMiB:0} MiB")] : (string[])[],
        .. LeftMiB > MaxLeftMiB ? [Text($"memory {LeftMiB:0} MiB above idle")] : (string[])[],
        .. HealthWrong > 0 ? [$"{HealthWrong} health checks wrong"] : (string[])[],
        .. options.HealthMs is { } limit && HealthP99Ms > limit ? [$"health p99 above {limit} ms"] : (string[])[],
        .. Ending is null && !(AnsweredAfter <= MaxAnswer) ? [Text($"no answer within {MaxAnswer.TotalSeconds:0} s after the attack")] : (string[])[],
        .. tally.Wrong + tally.Lost > 0 ? [tally.Problems] : (string[])[],
        .. attack.NeedsConnections && tally.LongestInnocentMs > MaxChatMs ? [Text($"others waited {tally.LongestInnocentMs:0} ms")] : (string[])[],
        .. tally.Served == 0 && options.HealthMs is not null && !attack.UsesRuntime && !attack.Unloads ? ["nobody else was served"] : (string[])[],
        .. Ending is null && !(Stopped <= MaxStop) ? [Text($"no end {MaxStop.TotalSeconds:0} s after SIGTERM")] : (string[])[],
    ];

    internal string Line => _broken is not null
        ? $"{attack.Name,-44} FAILED: {_broken}"
        : Text($"{attack.Name,-44} {IdleMiB,5:0} {WorstMiB,5:0} {LeftMiB,5:+0;-0;0} {HealthP99Ms,10:0} {HealthWorstMs,6:0} {tally.Served,5} {tally.LongestInnocentMs,6:0} ")
            + Text($"{tally.Wrong,5} {tally.Lost,5} {BusySeconds,5:0.0} {Stopped?.TotalSeconds ?? double.PositiveInfinity,5:0.0}  {Verdict} [{tally.Statuses}]")
            + (Ending is null ? "" : $"\n{LastLog}");

    // If latencies are only printed, the machine may have other work.
    private TimeSpan MaxAnswer => TimeSpan.FromSeconds(options.HealthMs is null ? 3 : 1);

    private string Verdict => Failures.Length == 0 ? "ok" : $"FAILED: {string.Join("; ", Failures)}";

    /// <summary>The result of an attack that could not run.</summary>
    internal static AttackResult Broken(string name, Exception reason) => new(
        new(name, _ => Task.CompletedTask), new("", "", "", TimeSpan.Zero, 0, null, ""), new())
    {
        IdleMiB = 0,
        WorstMiB = 0,
        LeftMiB = 0,
        HealthP99Ms = 0,
        HealthWorstMs = 0,
        HealthWrong = 0,
        AnsweredAfter = null,
        BusySeconds = 0,
        Stopped = null,
        Ending = null,
        LastLog = "",
        _broken = $"the attack could not run: {reason.Message}",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

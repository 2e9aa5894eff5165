using System.Globalization;

namespace RkLlama.Attack;

/// <summary>The options of the command line.</summary>
/// <param name="Model">The directory of the demo model.</param>
/// <param name="Duration">How long each attack runs.</param>
/// <param name="LimitMiB">The memory that the server and its workers may use together.</param>
/// <param name="HealthMs">The longest permitted p99 latency of the health checks; <see langword="null"/> if the latency is only printed.</param>
/// <param name="Only">Runs only the attacks whose names contain this text.</param>
internal sealed record AttackOptions(string Executable, string Simulator, string Model, TimeSpan Duration, int LimitMiB, int? HealthMs, string Only)
{
    internal const string Usage = """
        usage: RkLlama.Attack --executable PATH --simulator PATH/librkllmrt.so --model DIR [--seconds 10] [--limit 512] [--health MS] [--only TEXT]
          --executable  the published server
          --simulator   the library that the server loads
          --model       the directory of the demo model
          --seconds     how long each attack runs, 1 to 3600
          --limit       MiB of memory for the server and its workers, 64 to 65536
          --health      fail if the p99 latency of the health checks is longer; without it the latency is only printed
          --only        run only the attacks whose names contain this text
        """;

    private static readonly string[] Names = ["--executable", "--simulator", "--model", "--seconds", "--limit", "--health", "--only"];

    /// <returns><see langword="null"/> if the arguments are invalid.</returns>
    internal static AttackOptions? Parse(string[] args)
    {
        Dictionary<string, string> given = [];
        for (int i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || !Names.Contains(args[i]) || !given.TryAdd(args[i], args[i + 1]))
                return null;
        }

        if (Number("--seconds", 10, 1, 3600) is not { } seconds || Number("--limit", 512, 64, 65536) is not { } limit || Number("--health", 0, 0, 600_000) is not { } health
            || !given.TryGetValue("--executable", out string? executable) || !File.Exists(executable)
            || !given.TryGetValue("--simulator", out string? simulator) || !File.Exists(simulator)
            || !given.TryGetValue("--model", out string? model) || !File.Exists(Path.Combine(model, "demo.rkllm")))
            return null;

        return new(
            Path.GetFullPath(executable), Path.GetFullPath(simulator), Path.GetFullPath(model), TimeSpan.FromSeconds(seconds), limit, health == 0 ? null : health, given.GetValueOrDefault("--only", ""));

        int? Number(string name, int standard, int min, int max) =>
            !given.TryGetValue(name, out string? text) ? standard
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= min && number <= max ? number : null;
    }
}

using System.Globalization;

namespace RkLlama.Soak;

/// <summary>The options of the command line.</summary>
/// <param name="Residents">The directory of the demo models, for the soak with several models; <see langword="null"/> for the soak with one.</param>
internal sealed record SoakOptions(string Executable, string Simulator, string Model, TimeSpan Duration, int Seed, string? Residents)
{
    internal const string Usage = """
        usage: RkLlama.Soak --executable PATH --simulator PATH/librkllmrt.so --model DIR [--residents DIR] [--minutes 10] [--seed N]
          --executable  the published server
          --simulator   the library that the server loads
          --model       the directory of the demo model
          --residents   the directory of the demo models: runs the soak with several models in memory
          --minutes     how long clients send requests, 0.1 to 1440; fractions are allowed
          --seed        repeats the random choices of an earlier run, whose output names the seed
        """;

    /// <returns><see langword="null"/> if the arguments are invalid.</returns>
    internal static SoakOptions? Parse(string[] args)
    {
        Dictionary<string, string> given = [];
        for (int i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || args[i] is not ("--executable" or "--simulator" or "--model" or "--residents" or "--minutes" or "--seed") || !given.TryAdd(args[i], args[i + 1]))
                return null;
        }

        int seed = Random.Shared.Next(1, 1_000_000);
        if (!double.TryParse(given.GetValueOrDefault("--minutes", "10"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double minutes)
            || minutes is < 0.1 or > 1440
            || (given.TryGetValue("--seed", out string? text) && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seed))
            || !given.TryGetValue("--executable", out string? executable) || !File.Exists(executable)
            || !given.TryGetValue("--simulator", out string? simulator) || !File.Exists(simulator)
            || (given.TryGetValue("--residents", out string? residents) && !File.Exists(Path.Combine(residents, "demo-reranker", "demo-reranker.rkllm")))
            || !given.TryGetValue("--model", out string? model) || !File.Exists(Path.Combine(model, "demo.rkllm")))
            return null;

        return new(Path.GetFullPath(executable), Path.GetFullPath(simulator), Path.GetFullPath(model), TimeSpan.FromMinutes(minutes), seed, residents is null ? null : Path.GetFullPath(residents));
    }
}

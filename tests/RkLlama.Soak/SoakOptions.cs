using System.Globalization;

namespace RkLlama.Soak;

/// <summary>The options of the command line.</summary>
internal sealed record SoakOptions(string Executable, string Simulator, string Model, TimeSpan Duration, int Seed)
{
    internal const string Usage = """
        usage: RkLlama.Soak --executable PATH --simulator PATH/librkllmrt.so --model DIR [--minutes 10] [--seed N]
          --executable  the published server
          --simulator   the library that the server loads
          --model       the directory of the demo model
          --minutes     how long clients send requests, 0.1 to 1440; fractions are allowed
          --seed        repeats the random choices of an earlier run, whose output names the seed
        """;

    /// <returns><see langword="null"/> if the arguments are invalid.</returns>
    internal static SoakOptions? Parse(string[] args)
    {
        Dictionary<string, string> given = [];
        for (int i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || args[i] is not ("--executable" or "--simulator" or "--model" or "--minutes" or "--seed") || !given.TryAdd(args[i], args[i + 1]))
                return null;
        }

        int seed = Random.Shared.Next(1, 1_000_000);
        if (!double.TryParse(given.GetValueOrDefault("--minutes", "10"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double minutes)
            || minutes is < 0.1 or > 1440
            || (given.TryGetValue("--seed", out string? text) && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seed))
            || !given.TryGetValue("--executable", out string? executable) || !File.Exists(executable)
            || !given.TryGetValue("--simulator", out string? simulator) || !File.Exists(simulator)
            || !given.TryGetValue("--model", out string? model) || !File.Exists(Path.Combine(model, "demo.rkllm")))
            return null;

        return new(Path.GetFullPath(executable), Path.GetFullPath(simulator), Path.GetFullPath(model), TimeSpan.FromMinutes(minutes), seed);
    }
}

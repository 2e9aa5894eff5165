using System.CommandLine;
using RkLlama.Engine.Hardware;

namespace RkLlama.Cli.Tune;

/// <summary><c>rkllama tune</c>: sets the clocks of CPU, GPU, NPU and memory to high fixed frequencies, or restores the previous values.</summary>
internal static class TuneCommand
{
    // The directory is the RuntimeDirectory of rkllama-tune.service.
    private const string SavedClocksPath = "/run/rkllama-tune/found";

    /// <param name="platform">The common option <c>--target_platform</c>.</param>
    /// <param name="variable">Returns the value of the option's environment variable; <see langword="null"/> if it is not set.</param>
    internal static Command Create(Option<string?> platform, Func<string?> variable)
    {
        Option<bool> dryRun = new("--dry-run") { Description = "Print the changes without making them" };
        Option<bool> restore = new("--restore") { Description = "Restore the values from before the first change" };
        Option<string> root = new("--root") { Description = "The directory that contains sys and run", Hidden = true, DefaultValueFactory = static _ => "/" };
        Command command = new("tune", "Set CPU, GPU, NPU and memory to their highest clocks. Needs root.") { dryRun, restore, root, platform };
        command.SetAction(result => Run(
            result.GetValue(platform) ?? variable(), result.GetValue(dryRun), result.GetValue(restore), result.GetValue(root)!, Console.Out));
        return command;
    }

    /// <param name="named">Name of the chip; <see langword="null"/> to read it from the device tree.</param>
    /// <param name="root">The directory that contains <c>sys</c> and <c>run</c>.</param>
    /// <returns>
    /// The exit code: 0 if all clocks that this kernel has were set or restored, 1 if one failed, 2 if the chip is unknown or not supported.
    /// </returns>
    internal static int Run(string? named, bool dryRun, bool restore, string root, TextWriter output)
    {
        Sysfs sysfs = new(root);
        ClockTuner tuner = new(sysfs, new(Path.Join(root, SavedClocksPath)), output.WriteLine, dryRun);
        if (restore)
            return tuner.Restore() ? 0 : 1;

        if (Platform.Find(named, sysfs) is not { } platform)
        {
            output.WriteLine(named is null
                ? "the device tree names neither rk3588 nor rk3576; set the chip with --target_platform"
                : $"--target_platform: '{named}' is neither rk3588 nor rk3576");
            return 2;
        }

        return tuner.Apply(platform) ? 0 : 1;
    }
}

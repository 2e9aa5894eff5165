using System.CommandLine;
using RkLlama.Engine.Hardware;

namespace RkLlama.Cli.Tune;

/// <summary><c>rkllama tune</c>: the highest clocks for CPU, GPU, NPU and memory, and back.</summary>
internal static class TuneCommand
{
    // The unit's RuntimeDirectory.
    private const string MemoryPath = "/run/rkllama-tune/found";

    /// <param name="platform">The option <c>--target_platform</c>, which all commands have.</param>
    /// <param name="variable">What the environment says about the platform.</param>
    internal static Command Create(Option<string?> platform, Func<string?> variable)
    {
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would be done, and do nothing" };
        Option<bool> restore = new("--restore") { Description = "Put back what was found before" };
        Option<string> root = new("--root") { Description = "The folder that has sys and run in it", Hidden = true, DefaultValueFactory = static _ => "/" };
        Command command = new("tune", "Set CPU, GPU, NPU and memory to their highest clocks, as root.") { dryRun, restore, root };
        command.SetAction(result => Run(
            result.GetValue(platform) ?? variable(), result.GetValue(dryRun), result.GetValue(restore), result.GetValue(root)!, Console.Out));
        return command;
    }

    /// <returns>0 when all that this kernel has was set or put back, 1 when something could not be, 2 for a chip that is not known.</returns>
    internal static int Run(string? named, bool dryRun, bool restore, string root, TextWriter output)
    {
        Sysfs sysfs = new(root);
        ClockTuner tuner = new(sysfs, new(Path.Join(root, MemoryPath)), output.WriteLine, dryRun);
        if (restore)
            return tuner.Restore() ? 0 : 1;

        if (Platform.Find(named, sysfs) is not { } platform)
        {
            output.WriteLine(named is null
                ? "rkllama: the device tree names neither rk3588 nor rk3576; --target_platform says which it is"
                : $"rkllama: --target_platform: '{named}' is neither rk3588 nor rk3576");
            return 2;
        }

        return tuner.Apply(platform) ? 0 : 1;
    }
}

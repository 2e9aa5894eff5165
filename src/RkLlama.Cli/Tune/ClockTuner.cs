using System.Globalization;
using RkLlama.Engine.Hardware;

namespace RkLlama.Cli.Tune;

/// <summary>Sets the clocks of a chip to their highest, and puts back what was there. Each file is one step: one that fails does not stop the others.</summary>
/// <param name="say">Gets one line for each clock.</param>
/// <param name="dryRun">Says what would be done and touches nothing.</param>
internal sealed class ClockTuner(Sysfs sysfs, TuneMemory memory, Action<string> say, bool dryRun)
{
    private const string CpuFolder = "/sys/devices/system/cpu";

    private sealed record Step(string Name, string Summary, IReadOnlyList<(string File, string Value)> Found, IReadOnlyList<(string File, string Value)> Writes);

    /// <returns>Whether everything that this kernel has was set.</returns>
    public bool Apply(Platform platform)
    {
        Step[] steps = [.. IdleSteps(), .. platform.Clocks.Select(ClockStep).OfType<Step>()];
        if (!dryRun && steps.Length > 0)
        {
            try
            {
                memory.Add([.. steps.SelectMany(static step => step.Found)]);
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                say($"nothing was set, because what is there now could not be remembered: {ex.Message}");
                return false;
            }
        }

        return Run(steps, "set");
    }

    /// <returns>Whether everything is as it was before <see cref="Apply"/>. If not, what is remembered stays, for another try.</returns>
    public bool Restore()
    {
        IReadOnlyList<(string File, string Value)> found = memory.Load();
        if (found.Count == 0)
            say("nothing to put back: no clocks were set since this machine started");
        bool isWhole = Run(found.Select(static entry => new Step(entry.File, entry.Value, [], [entry])), "put back");
        if (isWhole && !dryRun)
            memory.Forget();
        return isWhole;
    }

    private bool Run(IEnumerable<Step> steps, string verb)
    {
        bool isWhole = true;
        foreach (Step step in steps)
        {
            if (dryRun)
            {
                say($"{step.Name}: would be {verb} to {step.Summary}");
                continue;
            }

            try
            {
                foreach ((string file, string value) in step.Writes)
                    sysfs.Write(file, value);
                say($"{step.Name}: {verb} to {step.Summary}");
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                isWhole = false;
                say($"{step.Name}: could not be {verb} to {step.Summary}: {ex.Message}");
            }
        }

        return isWhole;
    }

    /// <summary>A CPU that sleeps deeply answers late; the first, shallow state stays.</summary>
    private IEnumerable<Step> IdleSteps()
    {
        bool isAny = false;
        foreach (string cpu in sysfs.Entries(CpuFolder, "cpu").Where(static name => name.Length > 3 && name[3..].All(char.IsAsciiDigit)))
        {
            string file = $"{CpuFolder}/{cpu}/cpuidle/state1/disable";
            if (sysfs.Read(file) is not { } now)
                continue;
            isAny = true;
            yield return new($"CPU {cpu[3..]} deep sleep", "off", [(file, now)], [(file, "1")]);
        }

        if (!isAny)
            say("deep sleep: skipped, this kernel has no cpuidle state1");
    }

    private Step? ClockStep(ClockDomain clock)
    {
        if (sysfs.Read(clock.Governor) is not { } governor)
        {
            say($"{clock.Name}: skipped, this kernel has no {clock.Governor}");
            return null;
        }

        List<(string, string)> found = [(clock.Governor, governor)];
        string[] governors = sysfs.Words(clock.Governors);
        if (governors.Contains(ClockDomain.Userspace))
        {
            // Only with this governor is the frequency a setting; with others it is what they made of it.
            if (governor == ClockDomain.Userspace && sysfs.Read(clock.SetFrequency) is { } frequency)
                found.Add((clock.SetFrequency, frequency));
            long target = clock.Nearest(sysfs);
            return new(clock.Name, $"{target / clock.UnitsPerMegahertz} MHz", found,
                [(clock.Governor, ClockDomain.Userspace), (clock.SetFrequency, target.ToString(CultureInfo.InvariantCulture))]);
        }

        const string Highest = "performance";
        if (governors.Contains(Highest))
            return new(clock.Name, "its highest (this kernel has no governor userspace for it)", found, [(clock.Governor, Highest)]);

        say($"{clock.Name}: skipped, this kernel has neither governor userspace nor performance for it");
        return null;
    }
}

using System.Globalization;
using RkLlama.Engine.Hardware;

namespace RkLlama.Cli.Tune;

/// <summary>Sets the clocks of a chip to their highest frequency, and restores the previous values. A failed step does not stop the others.</summary>
/// <param name="report">Receives one line per clock.</param>
/// <param name="dryRun">If true, the steps are reported but not executed.</param>
internal sealed class ClockTuner(Sysfs sysfs, SavedClocks saved, Action<string> report, bool dryRun)
{
    private const string CpuDirectory = "/sys/devices/system/cpu";

    private sealed record Step(string Name, string Summary, IReadOnlyList<(string File, string Value)> Previous, IReadOnlyList<(string File, string Value)> Writes);

    /// <returns>Whether all clocks of this kernel were set.</returns>
    public bool Apply(Platform platform)
    {
        Step[] steps = [.. IdleSteps(), .. platform.Clocks.Select(ClockStep).OfType<Step>()];
        if (!dryRun && steps.Length > 0)
        {
            try
            {
                saved.Add([.. steps.SelectMany(static step => step.Previous)]);
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                report($"nothing was set, because the current values could not be saved: {ex.Message}");
                return false;
            }
        }

        return Run(steps, "set");
    }

    /// <returns>Whether all values from before <see cref="Apply"/> were restored. If not, the saved values are kept for another attempt.</returns>
    public bool Restore()
    {
        IReadOnlyList<(string File, string Value)> entries = saved.Load();
        if (entries.Count == 0)
            report("nothing to restore: no clocks were set since the last boot");
        bool isComplete = Run(entries.Select(static entry => new Step(entry.File, entry.Value, [], [entry])), "restored");
        if (isComplete && !dryRun)
            saved.Delete();
        return isComplete;
    }

    private bool Run(IEnumerable<Step> steps, string verb)
    {
        bool isComplete = true;
        foreach (Step step in steps)
        {
            if (dryRun)
            {
                report($"{step.Name}: would be {verb} to {step.Summary}");
                continue;
            }

            try
            {
                foreach ((string file, string value) in step.Writes)
                    sysfs.Write(file, value);
                report($"{step.Name}: {verb} to {step.Summary}");
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                isComplete = false;
                report($"{step.Name}: could not be {verb} to {step.Summary}: {ex.Message}");
            }
        }

        return isComplete;
    }

    /// <summary>Disables the deep sleep state of all CPUs, because a CPU wakes up from it slowly. The shallow state stays enabled.</summary>
    private IEnumerable<Step> IdleSteps()
    {
        bool hasAny = false;
        foreach (string cpu in sysfs.ListEntries(CpuDirectory, "cpu").Where(static name => name.Length > 3 && name[3..].All(char.IsAsciiDigit)))
        {
            string file = $"{CpuDirectory}/{cpu}/cpuidle/state1/disable";
            if (sysfs.Read(file) is not { } current)
                continue;
            hasAny = true;
            yield return new($"CPU {cpu[3..]} deep sleep", "off", [(file, current)], [(file, "1")]);
        }

        if (!hasAny)
            report("deep sleep: skipped, this kernel has no cpuidle state1");
    }

    private Step? ClockStep(ClockDomain clock)
    {
        if (sysfs.Read(clock.GovernorPath) is not { } governor)
        {
            report($"{clock.Name}: skipped, this kernel has no {clock.GovernorPath}");
            return null;
        }

        List<(string, string)> previous = [(clock.GovernorPath, governor)];
        string[] governors = sysfs.ReadWords(clock.AvailableGovernorsPath);
        if (governors.Contains(ClockDomain.Userspace))
        {
            // With the governor userspace, the frequency is a setting and is saved. Other governors choose the frequency themselves.
            if (governor == ClockDomain.Userspace && sysfs.Read(clock.SetFrequencyPath) is { } frequency)
                previous.Add((clock.SetFrequencyPath, frequency));
            long target = clock.FindNearestFrequency(sysfs);
            return new(clock.Name, $"{target / clock.UnitsPerMegahertz} MHz", previous,
                [(clock.GovernorPath, ClockDomain.Userspace), (clock.SetFrequencyPath, target.ToString(CultureInfo.InvariantCulture))]);
        }

        const string Highest = "performance";
        if (governors.Contains(Highest))
            return new(clock.Name, "its highest frequency (this kernel has no governor userspace for it)", previous, [(clock.GovernorPath, Highest)]);

        report($"{clock.Name}: skipped, this kernel has neither governor userspace nor performance for it");
        return null;
    }
}

using System.Globalization;
using RkLlama.Engine.Hardware;

namespace RkLlama.Cli.Tune;

/// <summary>
/// Sets the clocks of a chip to high fixed frequencies and disables the deep sleep of its CPUs, or restores the previous values. If one step fails, the
/// others are still executed.
/// </summary>
/// <param name="saved">Stores the previous values.</param>
/// <param name="report">Receives each line of the output: usually one for each step and for each clock that is skipped.</param>
/// <param name="dryRun">If true, the steps are reported but not executed.</param>
internal sealed class ClockTuner(Sysfs sysfs, SavedClocks saved, Action<string> report, bool dryRun)
{
    private const string CpuDirectory = "/sys/devices/system/cpu";

    /// <summary>One change.</summary>
    /// <param name="Name">What is changed, for messages.</param>
    /// <param name="Summary">The new value, for messages.</param>
    /// <param name="Previous">The files to save before the change, with their current values, in the order in which they are restored.</param>
    /// <param name="Writes">The files to write, in order, with their new values.</param>
    private sealed record Step(string Name, string Summary, IReadOnlyList<(string File, string Value)> Previous, IReadOnlyList<(string File, string Value)> Writes);

    /// <summary>Saves the current values, then executes all steps. If the values cannot be saved, changes nothing.</summary>
    /// <returns>False if the values could not be saved or a step failed. Clocks that this kernel does not have are skipped and are no failure.</returns>
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

    /// <summary>Restores the values from before the first <see cref="Apply"/>, and deletes the saved values if all were restored.</summary>
    /// <returns>False if a value could not be restored. Then the saved values are kept for another attempt.</returns>
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

    /// <summary>
    /// Returns the steps that disable the deep sleep state of each CPU, because a CPU wakes up from it slowly. The shallow state stays enabled.
    /// </summary>
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

    /// <summary>Returns the step that sets a clock; <see langword="null"/> if this kernel cannot set it.</summary>
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
            // If the governor is userspace, the frequency is a setting, so it is saved. Other governors choose the frequency themselves.
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

using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Doctor;

/// <summary>All checks, in the order of their lines.</summary>
internal static class Examination
{
    private static readonly (string Id, Func<Patient, IEnumerable<Finding>> Look)[] Checks =
    [
        (CheckIds.Platform, NpuChecks.Platform),
        (CheckIds.Kernel, NpuChecks.Kernel),
        (CheckIds.NpuDriver, NpuChecks.Driver),
        (CheckIds.NpuDevice, NpuChecks.Device),
        (CheckIds.NpuUsers, NpuChecks.Users),
        (CheckIds.Library, LibraryChecks.Library),
        (CheckIds.Settings, ServiceChecks.Settings),
        (CheckIds.Port, ServiceChecks.Port),
        (CheckIds.Limits, ServiceChecks.Limits),
        (CheckIds.ModelsDirectory, ModelChecks.All),
        (CheckIds.Disk, ServiceChecks.Disk),
        (CheckIds.NpuClock, ClockChecks.Npu),
        (CheckIds.CpuClock, ClockChecks.Cpus),
        (CheckIds.DdrClock, ClockChecks.Ddr),
        (CheckIds.Temperature, ClockChecks.Temperature),
    ];

    internal static IReadOnlyList<Finding> Of(Patient patient)
    {
        List<Finding> findings = [];
        foreach ((string id, Func<Patient, IEnumerable<Finding>> look) in Checks)
        {
            try
            {
                findings.AddRange(look(patient));
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                // What is looked at changes meanwhile; the other checks still count.
                findings.Add(Finding.Warning(id, $"could not be checked: {ex.Message.TrimEnd('.')}", "try again, as root"));
            }
        }

        return findings;
    }
}

using RkLlama.Engine.Diagnostics;

namespace RkLlama.Cli.Doctor;

/// <summary>Runs all checks of <c>rkllama doctor</c>.</summary>
internal static class CheckRun
{
    // In the order of the output. The id is used only if the function throws; its findings have their own ids.
    private static readonly (string Id, Func<NodeSnapshot, IEnumerable<Finding>> Check)[] Checks =
    [
        (CheckIds.Platform, NpuChecks.Platform),
        (CheckIds.Kernel, NpuChecks.Kernel),
        (CheckIds.NpuDriver, NpuChecks.Driver),
        (CheckIds.NpuDevice, NpuChecks.Device),
        (CheckIds.NpuUsers, NpuChecks.Users),
        (CheckIds.Library, LibraryChecks.Library),
        (CheckIds.RknnLibrary, LibraryChecks.RknnLibrary),
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

    internal static IReadOnlyList<Finding> Run(NodeSnapshot node)
    {
        List<Finding> findings = [];
        foreach ((string id, Func<NodeSnapshot, IEnumerable<Finding>> check) in Checks)
        {
            try
            {
                findings.AddRange(check(node));
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                // The node may change during the checks. A failed check does not stop the others.
                findings.Add(Finding.Warning(id, $"the check failed: {ex.Message.TrimEnd('.')}", "try again, as root"));
            }
        }

        return findings;
    }
}

using System.Globalization;
using RkLlama.Engine.Diagnostics;
using RkLlama.Native;

namespace RkLlama.Cli.Doctor;

/// <summary>The chip, the kernel, the driver and its device.</summary>
internal static class NpuChecks
{
    // What the vendor asks for; older drivers give garbage or nothing.
    private static readonly Version OldestFor11 = new(0, 9, 7);
    private static readonly Version OldestForOthers = new(0, 9, 8);

    private static readonly string[] DriverFolders =
        ["/sys/module/rknpu", "/sys/bus/platform/drivers/RKNPU", "/sys/kernel/debug/rknpu", "/proc/rknpu"];

    internal static IEnumerable<Finding> Platform(Patient patient)
    {
        string? wanted = patient.Settings.TargetPlatform;
        string? found = Engine.Hardware.Platform.Find(null, patient.Files)?.Name;
        if (found is null)
        {
            yield return Finding.Warning(CheckIds.Platform, "the device tree names neither rk3588 nor rk3576",
                "models run on a board with one of these chips, and only on the one they were converted for");
        }
        else if (wanted is not null && wanted != found)
        {
            yield return Finding.Failure(CheckIds.Platform, $"this is an {found}, and the setting target_platform says {wanted}",
                $"set RKLLAMA_TARGET_PLATFORM={found}, or nothing");
        }
        else
        {
            yield return Finding.Ok(CheckIds.Platform, found);
        }
    }

    internal static IEnumerable<Finding> Kernel(Patient patient)
    {
        string release = patient.Files.Read("/proc/sys/kernel/osrelease") ?? "unknown";
        bool isVendors = release.StartsWith("5.10.", StringComparison.Ordinal) || release.StartsWith("6.1.", StringComparison.Ordinal);
        yield return isVendors
            ? Finding.Ok(CheckIds.Kernel, release)
            : Finding.Warning(CheckIds.Kernel, $"kernel {release} is not a vendor kernel (5.10 or 6.1), where the driver rknpu is at home",
                "boot the board's vendor kernel; other kernels have another NPU driver, which RKLLM cannot use, or none");
    }

    internal static IEnumerable<Finding> Driver(Patient patient)
    {
        if (!DriverFolders.Any(patient.Files.HasFolder))
        {
            yield return Finding.Failure(CheckIds.NpuDriver, "the kernel has no driver rknpu loaded",
                "dmesg | grep -i rknpu; a vendor kernel has the driver built in, elsewhere modprobe rknpu");
            yield break;
        }

        if (patient.Hardware.DriverVersion is not { } text || !Version.TryParse(text, out Version? version))
        {
            yield return Finding.Ok(CheckIds.NpuDriver, "rknpu is loaded; its version can be seen as root");
            yield break;
        }

        RuntimeFamily? family = patient.Runtime.Answer?.Info?.Family;
        Version oldest = family == RuntimeFamily.V11 ? OldestFor11 : OldestForOthers;
        yield return version >= oldest
            ? Finding.Ok(CheckIds.NpuDriver, $"rknpu {text} is loaded")
            : Finding.Warning(CheckIds.NpuDriver,
                $"rknpu {text} is older than the {oldest} that {(family is null ? "RKLLM" : $"RKLLM runtime {patient.Runtime.Answer!.Info!.Description}")} asks for: "
                + "answers may be empty or garbage (matmul failed)",
                "a newer vendor kernel has a newer driver");
    }

    /// <summary>There, and the service's user may open it: the second stands on the first, so they are one line.</summary>
    internal static IEnumerable<Finding> Device(Patient patient)
    {
        string[] nodes = [.. Nodes(patient)];
        if (nodes.Length == 0)
        {
            yield return Finding.Failure(CheckIds.NpuDevice, "there is no NPU device: neither a render node of the driver in /dev/dri nor /dev/rknpu",
                "ls -l /dev/dri /dev/rknpu; dmesg | grep -i rknpu; boot the vendor kernel. In a container: hand the device in");
            yield break;
        }

        AccessWish[] wishes = [.. nodes.Concat(patient.Files.Entries("/dev/dma_heap", "").Select(static name => "/dev/dma_heap/" + name)).Select(path => new AccessWish(patient.At(path), Writes: true))];
        IReadOnlyList<AccessWish> refused = patient.Refused(patient, wishes);
        yield return refused.Count == 0
            ? Finding.Ok(CheckIds.NpuDevice, string.Join(", ", nodes))
            : Finding.Failure(CheckIds.NpuPermission,
                $"the user '{patient.User}' may not open {string.Join(", ", refused.Select(wish => patient.Shown(wish.Path)))}",
                "udevadm control --reload; udevadm trigger; the user belongs into the groups render and video (usermod -aG render,video)");
    }

    internal static IEnumerable<Finding> Users(Patient patient)
    {
        string[] nodes = [.. Nodes(patient)];
        string[] others = [.. new ProcessTable(patient).Holders(nodes.Contains).Where(static holder => !holder.IsOurs)
            .Select(static holder => string.Create(CultureInfo.InvariantCulture, $"{holder.Name} (process {holder.Id})"))];
        yield return others.Length == 0
            ? Finding.Ok(CheckIds.NpuUsers, "no other program has the NPU open")
            : Finding.Warning(CheckIds.NpuUsers, $"{string.Join(", ", others)} has the NPU open too: runs may hang or be killed",
                "let one program have the NPU; the driver does not share it safely");
    }

    private static IEnumerable<string> Nodes(Patient patient)
    {
        foreach (string name in patient.Files.Entries("/dev/dri", "renderD"))
        {
            // Its driver's name tells it from the GPU's; where sysfs does not say, the guide's name does.
            string? driver = patient.Files.Read($"/sys/class/drm/{name}/device/uevent");
            if (driver?.Contains("DRIVER=RKNPU", StringComparison.Ordinal) ?? name == "renderD129")
                yield return "/dev/dri/" + name;
        }

        if (patient.Files.Exists("/dev/rknpu"))
            yield return "/dev/rknpu";
    }
}

using System.Globalization;
using RkLlama.Engine.Diagnostics;
using RkLlama.Native;

namespace RkLlama.Cli.Doctor;

/// <summary>Checks the chip, the kernel, and the NPU driver and its device.</summary>
internal static class NpuChecks
{
    // The oldest driver versions that the vendor allows: for runtime 1.1, and for later runtimes. With older drivers, answers are empty or garbage.
    private static readonly Version MinVersionFor11 = new(0, 9, 7);
    private static readonly Version MinVersion = new(0, 9, 8);

    private static readonly string[] DriverDirectories =
        ["/sys/module/rknpu", "/sys/bus/platform/drivers/RKNPU", "/sys/kernel/debug/rknpu", "/proc/rknpu"];

    internal static IEnumerable<Finding> Platform(NodeSnapshot node)
    {
        string? configured = node.Settings.TargetPlatform;
        string? found = Engine.Hardware.Platform.Find(null, node.Files)?.Name;
        if (found is null)
        {
            yield return Finding.Warning(CheckIds.Platform, "the device tree names neither rk3588 nor rk3576",
                "use a board with one of these chips; a model runs only on the chip it was converted for");
        }
        else if (configured is not null && configured != found)
        {
            yield return Finding.Failure(CheckIds.Platform, $"the chip is an {found}, but the setting target_platform is {configured}",
                $"set RKLLAMA_TARGET_PLATFORM={found}, or remove the setting");
        }
        else
        {
            yield return Finding.Ok(CheckIds.Platform, found);
        }
    }

    internal static IEnumerable<Finding> Kernel(NodeSnapshot node)
    {
        string release = node.Files.Read("/proc/sys/kernel/osrelease") ?? "unknown";
        bool isVendorKernel = release.StartsWith("5.10.", StringComparison.Ordinal) || release.StartsWith("6.1.", StringComparison.Ordinal);
        yield return isVendorKernel
            ? Finding.Ok(CheckIds.Kernel, release)
            : Finding.Warning(CheckIds.Kernel, $"kernel {release} is not a vendor kernel (5.10 or 6.1) with the driver rknpu",
                "boot the board's vendor kernel; other kernels have no NPU driver, or one that RKLLM cannot use");
    }

    internal static IEnumerable<Finding> Driver(NodeSnapshot node)
    {
        if (!DriverDirectories.Any(node.Files.DirectoryExists))
        {
            yield return Finding.Failure(CheckIds.NpuDriver, "the kernel driver rknpu is not loaded",
                "dmesg | grep -i rknpu; vendor kernels have the driver built in; for other kernels try modprobe rknpu");
            yield break;
        }

        if (node.Hardware.DriverVersion is not { } text || !Version.TryParse(text, out Version? version))
        {
            yield return Finding.Ok(CheckIds.NpuDriver, "rknpu is loaded; only root can read its version");
            yield break;
        }

        RuntimeFamily? family = node.Runtime.Result?.Info?.Family;
        Version minimum = family == RuntimeFamily.V11 ? MinVersionFor11 : MinVersion;
        yield return version >= minimum
            ? Finding.Ok(CheckIds.NpuDriver, $"rknpu {text} is loaded")
            : Finding.Warning(CheckIds.NpuDriver,
                $"rknpu {text} is older than the {minimum} that {(family is null ? "RKLLM" : $"RKLLM runtime {node.Runtime.Result!.Info!.Description}")} requires: "
                + "answers may be empty or garbage (matmul failed)",
                "install a newer vendor kernel, which has a newer driver");
    }

    /// <summary>
    /// Checks that the NPU device exists, and that <see cref="NodeSnapshot.User"/> may open it and the DMA heaps in <c>/dev/dma_heap</c>. Reports one finding,
    /// because the second check needs the first.
    /// </summary>
    internal static IEnumerable<Finding> Device(NodeSnapshot node)
    {
        string[] devices = [.. Devices(node)];
        if (devices.Length == 0)
        {
            yield return Finding.Failure(CheckIds.NpuDevice, "there is no NPU device: neither a render node of the driver in /dev/dri nor /dev/rknpu",
                "ls -l /dev/dri /dev/rknpu; dmesg | grep -i rknpu; boot the vendor kernel. In a container: pass the device to it");
            yield break;
        }

        PathAccess[] paths = [.. devices.Concat(node.Files.ListEntries("/dev/dma_heap", "").Select(static name => "/dev/dma_heap/" + name)).Select(path => new PathAccess(node.PathOf(path), NeedsWrite: true))];
        IReadOnlyList<PathAccess> denied = node.FindDenied(node, paths);
        yield return denied.Count == 0
            ? Finding.Ok(CheckIds.NpuDevice, string.Join(", ", devices))
            : Finding.Failure(CheckIds.NpuPermission,
                $"the user '{node.User}' may not open {string.Join(", ", denied.Select(path => node.Display(path.Path)))}",
                "udevadm control --reload; udevadm trigger; add the user to the groups render and video (usermod -aG render,video)");
    }

    internal static IEnumerable<Finding> Users(NodeSnapshot node)
    {
        string[] devices = [.. Devices(node)];
        string[] others = [.. new ProcessTable(node).FindHolders(devices.Contains).Where(static holder => !holder.IsOurs)
            .Select(static holder => string.Create(CultureInfo.InvariantCulture, $"{holder.Name} (process {holder.Id})"))];
        yield return others.Length == 0
            ? Finding.Ok(CheckIds.NpuUsers, "no other program has the NPU open")
            : Finding.Warning(CheckIds.NpuUsers, $"{string.Join(", ", others)} also has the NPU open: runs may hang or be killed",
                "stop the other program; the driver cannot share the NPU safely");
    }

    private static IEnumerable<string> Devices(NodeSnapshot node)
    {
        foreach (string name in node.Files.ListEntries("/dev/dri", "renderD"))
        {
            // The driver's name distinguishes the NPU from the GPU. If it is unknown, only the usual name of the NPU device is accepted.
            string? driver = node.Files.Read($"/sys/class/drm/{name}/device/uevent");
            if (driver?.Contains("DRIVER=RKNPU", StringComparison.Ordinal) ?? name == "renderD129")
                yield return "/dev/dri/" + name;
        }

        if (node.Files.FileExists("/dev/rknpu"))
            yield return "/dev/rknpu";
    }
}


namespace RkLlama.Engine.Tests.Support;

/// <summary>A copy of the files that describe the hardware of a board, in a temporary directory: an RK3588 under load, at its highest clocks.</summary>
internal sealed class Board : IDisposable
{
    internal const string Debugfs = "/sys/kernel/debug/rknpu";
    internal const string Npu = "/sys/class/devfreq/fdab0000.npu";
    internal const string Ddr = "/sys/class/devfreq/dmc";

    private readonly TempDirectory _root = new();

    internal Board()
    {
        Write("/sys/firmware/devicetree/base/compatible", "rockchip,rk3588s-orangepi-5\0rockchip,rk3588\0");
        Write($"{Debugfs}/version", "RKNPU driver: v0.9.8\n");
        Write($"{Debugfs}/load", "NPU load:  Core0: 45%, Core1: 42%, Core2: 44%,\n");
        Device(Npu, 1_000_000_000, "300000000 1000000000");
        Device(Ddr, 2_112_000_000, "528000000 1068000000 1560000000 2112000000");
        Device("/sys/class/devfreq/fb000000.gpu", 1_000_000_000, "300000000 1000000000");
        Cpu(0, 1_800_000);
        Cpu(4, 2_352_000);
        Cpu(6, 2_352_000);
        Zone(0, "soc-thermal", 46_230);
        Zone(1, "bigcore0-thermal", 47_153);
        Zone(6, "npu-thermal", 45_307);
        Write("/proc/meminfo", "MemTotal:        8135420 kB\nMemFree:          312204 kB\nMemAvailable:    6021004 kB\nBuffers:           10 kB\n");
    }

    internal string Root => _root.Path;

    internal string At(string path) => Path.Join(_root.Path, path);

    internal void Write(string path, string text) => _root.Write(path.TrimStart('/'), text);

    internal void Delete(string path)
    {
        if (Directory.Exists(At(path)))
            Directory.Delete(At(path), recursive: true);
        else
            File.Delete(At(path));
    }

    internal void Device(string folder, long hertz, string frequencies, string governor = "userspace")
    {
        Write($"{folder}/cur_freq", $"{hertz}\n");
        Write($"{folder}/available_frequencies", frequencies + "\n");
        Write($"{folder}/governor", governor + "\n");
        Write($"{folder}/available_governors", "userspace performance simple_ondemand\n");
    }

    internal void Cpu(int first, int kilohertz, string governor = "userspace", int? highest = null)
    {
        string folder = $"/sys/devices/system/cpu/cpufreq/policy{first}";
        Write($"{folder}/scaling_cur_freq", $"{kilohertz}\n");
        Write($"{folder}/cpuinfo_max_freq", $"{highest ?? kilohertz}\n");
        Write($"{folder}/scaling_governor", governor + "\n");
    }

    private void Zone(int number, string name, int thousandths)
    {
        Write($"/sys/class/thermal/thermal_zone{number}/type", name + "\n");
        Write($"/sys/class/thermal/thermal_zone{number}/temp", $"{thousandths}\n");
    }

    public void Dispose() => _root.Dispose();
}

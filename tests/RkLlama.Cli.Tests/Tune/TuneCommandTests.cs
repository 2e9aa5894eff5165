using RkLlama.Cli.Tune;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Cli.Tests.Tune;

/// <summary><c>rkllama tune</c> on a copy of a board's sysfs.</summary>
public sealed class TuneCommandTests : IDisposable
{
    private const string Npu = "/sys/class/devfreq/fdab0000.npu";
    private const string Memory = "/sys/class/devfreq/dmc";
    private const string Big = "/sys/devices/system/cpu/cpufreq/policy4";

    private readonly TempDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void On_rk3588_all_clocks_are_set_as_by_the_script_of_the_Python_service()
    {
        Rk3588();

        (int code, _) = Tune();

        code.Should().Be(0);
        Read($"{Npu}/governor").Should().Be("userspace");
        Read($"{Npu}/userspace/set_freq").Should().Be("1000000000");
        Read("/sys/class/devfreq/fb000000.gpu/userspace/set_freq").Should().Be("1000000000");
        Read($"{Memory}/userspace/set_freq").Should().Be("2112000000");
        Read("/sys/devices/system/cpu/cpufreq/policy0/scaling_setspeed").Should().Be("1800000");
        Read($"{Big}/scaling_governor").Should().Be("userspace");
        Read($"{Big}/scaling_setspeed").Should().Be("2352000");
        Read("/sys/devices/system/cpu/cpufreq/policy6/scaling_setspeed").Should().Be("2352000");
        for (int cpu = 0; cpu < 8; cpu++)
            Read($"/sys/devices/system/cpu/cpu{cpu}/cpuidle/state1/disable").Should().Be("1");
    }

    [Fact]
    public void On_rk3576_its_own_frequencies_are_set()
    {
        Board("rockchip,rk3576-evb\0rockchip,rk3576\0");
        Device("27700000.npu", "rknpu_ondemand", "300000000 1000000000");
        Device("27800000.gpu", "simple_ondemand", "300000000 950000000");
        Device("dmc", "dmc_ondemand", "528000000 2112000000");
        Cpu(0, "ondemand", "408000 2208000");
        Cpu(4, "ondemand", "408000 2304000");

        (int code, _) = Tune();

        code.Should().Be(0);
        Read("/sys/class/devfreq/27700000.npu/userspace/set_freq").Should().Be("1000000000");
        Read("/sys/class/devfreq/27800000.gpu/userspace/set_freq").Should().Be("950000000");
        Read($"{Memory}/userspace/set_freq").Should().Be("2112000000");
        Read("/sys/devices/system/cpu/cpufreq/policy0/scaling_setspeed").Should().Be("2208000");
        Read($"{Big}/scaling_setspeed").Should().Be("2304000");
    }

    [Fact]
    public void Restore_writes_the_previous_values()
    {
        Rk3588();
        Write($"{Memory}/governor", "userspace");
        Write($"{Memory}/userspace/set_freq", "528000000");
        Write("/sys/devices/system/cpu/cpu3/cpuidle/state1/disable", "1");

        Tune();
        (int code, _) = Tune(restore: true);

        code.Should().Be(0);
        Read($"{Npu}/governor").Should().Be("rknpu_ondemand");
        Read($"{Big}/scaling_governor").Should().Be("ondemand");
        Read($"{Memory}/governor").Should().Be("userspace");
        Read($"{Memory}/userspace/set_freq").Should().Be("528000000");
        Read("/sys/devices/system/cpu/cpu2/cpuidle/state1/disable").Should().Be("0");
        Read("/sys/devices/system/cpu/cpu3/cpuidle/state1/disable").Should().Be("1");
    }

    [Fact]
    public void Tuning_twice_keeps_the_first_saved_values()
    {
        Rk3588();

        Tune();
        Tune();
        Tune(restore: true);

        Read($"{Npu}/governor").Should().Be("rknpu_ondemand");
        Tune(restore: true).Output.Should().Contain("nothing to restore");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_dry_run_reports_the_steps_and_changes_nothing(bool restore)
    {
        Rk3588();
        if (restore)
            Tune();
        string[] before = Tree();

        (int code, string output) = Tune(dryRun: true, restore: restore);

        code.Should().Be(0);
        output.Should().Contain(restore ? "would be restored to rknpu_ondemand" : "NPU: would be set to 1000 MHz");
        Tree().Should().Equal(before);
    }

    [Fact]
    public void A_missing_file_is_skipped_and_named()
    {
        Board("rockchip,rk3588\0");
        Device("fdab0000.npu", "rknpu_ondemand", "1000000000");

        (int code, string output) = Tune();

        code.Should().Be(0);
        Read($"{Npu}/userspace/set_freq").Should().Be("1000000000");
        output.Should().Contain($"memory: skipped, this kernel has no {Memory}/governor")
            .And.Contain("CPU 4: skipped").And.Contain("deep sleep: skipped");
    }

    [Fact]
    public void An_unavailable_frequency_becomes_the_next_lower_one()
    {
        Rk3588();
        Write($"{Big}/scaling_available_frequencies", "408000 2256000 2400000 ");

        Tune().Output.Should().Contain("CPU 4: set to 2256 MHz");

        Read($"{Big}/scaling_setspeed").Should().Be("2256000");
    }

    [Fact]
    public void Without_the_governor_userspace_performance_is_used()
    {
        Rk3588();
        Write($"{Big}/scaling_available_governors", "ondemand performance schedutil");

        Tune();

        Read($"{Big}/scaling_governor").Should().Be("performance");
        Read($"{Big}/scaling_setspeed").Should().Be("<unsupported>");
    }

    [Fact]
    public void A_failed_step_is_named_and_does_not_stop_the_others()
    {
        Rk3588();
        File.Delete(Path($"{Npu}/userspace/set_freq"));

        (int code, string output) = Tune();

        code.Should().Be(1);
        output.Should().Contain("NPU: could not be set");
        Read($"{Memory}/userspace/set_freq").Should().Be("2112000000");
        Tune(restore: true).Code.Should().Be(0);
        Read($"{Npu}/governor").Should().Be("rknpu_ondemand");
    }

    [Fact]
    public void A_failed_restore_keeps_the_saved_values()
    {
        Rk3588();
        Tune();
        string governor = Path($"{Npu}/governor");
        File.Move(governor, governor + ".away");

        Tune(restore: true).Code.Should().Be(1);
        File.Move(governor + ".away", governor);
        Tune(restore: true).Code.Should().Be(0);

        Read($"{Npu}/governor").Should().Be("rknpu_ondemand");
    }

    [Fact]
    public void Nothing_is_set_if_the_values_cannot_be_saved()
    {
        Rk3588();
        File.WriteAllText(Path("/run"), "not a folder");

        (int code, string output) = Tune();

        code.Should().Be(1);
        output.Should().Contain("could not be saved");
        Read($"{Npu}/governor").Should().Be("rknpu_ondemand");
    }

    [Fact]
    public void An_unknown_machine_needs_the_platform_option()
    {
        Board("raspberrypi,4-model-b\0");

        Tune().Code.Should().Be(2);
        Tune("rk3568").Code.Should().Be(2);
        Tune("rk3588").Code.Should().Be(0);
    }

    private (int Code, string Output) Tune(string? platform = null, bool dryRun = false, bool restore = false)
    {
        using StringWriter output = new();
        int code = TuneCommand.Run(platform, dryRun, restore, _root.Path, output);
        return (code, output.ToString());
    }

    private void Rk3588()
    {
        Board("rockchip,rk3588s-orangepi-5\0rockchip,rk3588\0");
        Device("fdab0000.npu", "rknpu_ondemand", "300000000 1000000000");
        Device("fb000000.gpu", "simple_ondemand", "300000000 1000000000");
        Device("dmc", "dmc_ondemand", "528000000 2112000000");
        Cpu(0, "ondemand", "408000 1800000");
        Cpu(4, "ondemand", "408000 2352000");
        Cpu(6, "ondemand", "408000 2352000");
        for (int cpu = 0; cpu < 8; cpu++)
            Write($"/sys/devices/system/cpu/cpu{cpu}/cpuidle/state1/disable", "0");
    }

    private void Board(string compatible) => Write("/sys/firmware/devicetree/base/compatible", compatible, end: "");

    private void Device(string name, string governor, string frequencies)
    {
        Write($"/sys/class/devfreq/{name}/governor", governor);
        Write($"/sys/class/devfreq/{name}/available_governors", governor + " userspace performance");
        Write($"/sys/class/devfreq/{name}/available_frequencies", frequencies);
        Write($"/sys/class/devfreq/{name}/userspace/set_freq", frequencies.Split(' ')[0]);
    }

    private void Cpu(int first, string governor, string frequencies)
    {
        string folder = $"/sys/devices/system/cpu/cpufreq/policy{first}";
        Write($"{folder}/scaling_governor", governor);
        Write($"{folder}/scaling_available_governors", governor + " userspace performance ");
        Write($"{folder}/scaling_available_frequencies", frequencies + " ");
        Write($"{folder}/scaling_setspeed", "<unsupported>");
    }

    private string[] Tree() =>
        [.. Directory.EnumerateFiles(_root.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => $"{file}: {File.ReadAllText(file)}")];

    private string Path(string file) => System.IO.Path.Join(_root.Path, file);

    private string Read(string file) => File.ReadAllText(Path(file)).Trim('\n');

    private void Write(string file, string text, string end = "\n")
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(file))!);
        File.WriteAllText(Path(file), text + end);
    }
}

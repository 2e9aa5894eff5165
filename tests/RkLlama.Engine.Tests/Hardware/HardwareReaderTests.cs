using RkLlama.Engine.Hardware;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Hardware;

/// <summary>Readings from a copy of a board's files.</summary>
public sealed class NpuReaderTests : IDisposable
{
    private readonly Board _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public void A_busy_board_has_all_values()
    {
        NodeReading node = Read();

        node.Missing.Should().BeEmpty();
        node.Platform.Should().Be("rk3588");
        node.DriverVersion.Should().Be("0.9.8");
        node.CoreLoads.Should().Equal(45, 42, 44);
        node.Clocks.Should().Equal(
            new ClockReading("npu", 1_000_000_000, 1_000_000_000, "userspace"),
            new ClockReading("ddr", 2_112_000_000, 2_112_000_000, "userspace"),
            new ClockReading("gpu", 1_000_000_000, 1_000_000_000, "userspace"),
            new ClockReading("cpu0", 1_800_000_000, 1_800_000_000, "userspace"),
            new ClockReading("cpu4", 2_352_000_000, 2_352_000_000, "userspace"),
            new ClockReading("cpu6", 2_352_000_000, 2_352_000_000, "userspace"));
        node.Temperatures.Should().Equal(new("soc-thermal", 46.23), new("bigcore0-thermal", 47.153), new TemperatureReading("npu-thermal", 45.307));
        node.Memory.Should().Be(new MemoryReading(8_135_420L << 10, 6_021_004L << 10));
    }

    [Theory]
    [InlineData("NPU load:  Core0:  0%, Core1: 100%,\n", new[] { 0, 100 })]
    [InlineData("NPU load:  7%\n", new[] { 7 })]
    [InlineData("NPU load:  Core0:   %, Core1: 12%, Core2:   %,\n", new[] { 0, 12, 0 })]
    public void The_load_is_read_in_all_formats_of_the_driver(string text, int[] loads)
    {
        _board.Write($"{Board.Debugfs}/load", text);

        Read().CoreLoads.Should().Equal(loads);
    }

    [Theory]
    [InlineData("/run/rkllama/rknpu")]
    [InlineData("/proc/rknpu")]
    public void The_files_of_the_driver_are_found_in_other_directories(string directory)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_board.At(directory))!);
        Directory.Move(_board.At(Board.Debugfs), _board.At(directory));

        NodeReading node = Read();

        node.CoreLoads.Should().Equal(45, 42, 44);
        node.DriverVersion.Should().Be("0.9.8");
        node.Missing.Should().BeEmpty();
    }

    [Fact]
    public void Without_the_files_of_the_driver_the_version_is_that_of_the_module_and_the_load_has_a_reason()
    {
        _board.Delete(Board.Debugfs);
        _board.Write("/sys/module/rknpu/version", "0.9.6\n");

        NodeReading node = Read();

        node.DriverVersion.Should().Be("0.9.6");
        node.CoreLoads.Should().BeNull();
        node.Missing.Should().Equal(new MissingReading("load", "/sys/kernel/debug/rknpu/load is not there"));
    }

    [Fact]
    public void A_machine_without_any_file_has_a_reason_for_each_value()
    {
        Directory.Delete(_board.At("/sys"), recursive: true);
        Directory.Delete(_board.At("/proc"), recursive: true);

        NodeReading node = Read();

        node.Clocks.Select(clock => (clock.Name, clock.Hertz)).Should().Equal(("npu", null), ("ddr", null), ("gpu", null));
        (node.Platform, node.DriverVersion, node.CoreLoads, node.Memory).Should().Be((null, null, null, null));
        node.Missing.Select(missing => missing.Reading).Should().Equal("platform", "driver_version", "load", "npu", "ddr", "gpu", "cpu", "temperatures", "memory");
    }

    [Theory]
    [InlineData("/sys/kernel/debug/rknpu/load", "", "load", "the driver says '', which is no load")]
    [InlineData("/sys/kernel/debug/rknpu/version", "RKNPU\n", "driver_version", "the driver says 'RKNPU', which has no version in it")]
    [InlineData("/sys/class/devfreq/dmc/cur_freq", "<unsupported>\n", "ddr", "/sys/class/devfreq/dmc/cur_freq has '<unsupported>', which is no number")]
    [InlineData("/proc/meminfo", "Buffers: 1 kB\n", "memory", "/proc/meminfo has no MemTotal and no MemAvailable")]
    public void Invalid_content_is_a_missing_value_with_its_reason(string path, string text, string reading, string reason)
    {
        _board.Write(path, text);

        Read().Missing.Should().Equal(new MissingReading(reading, reason));
    }

    [Fact]
    public void A_directory_instead_of_a_file_is_a_missing_value()
    {
        _board.Delete($"{Board.Ddr}/cur_freq");
        Directory.CreateDirectory(_board.At($"{Board.Ddr}/cur_freq"));

        Read().Missing.Should().ContainSingle().Which.Reading.Should().Be("ddr");
    }

    [Fact]
    public void A_thermal_zone_without_value_is_skipped()
    {
        _board.Write("/sys/class/thermal/thermal_zone6/temp", "");

        NodeReading node = Read();

        node.Temperatures.Select(zone => zone.Zone).Should().Equal("soc-thermal", "bigcore0-thermal");
        node.Missing.Should().BeEmpty();
    }

    [Fact]
    public void Any_machine_can_be_read()
    {
        NodeReading node = new HardwareReader().Read();

        node.Memory!.TotalBytes.Should().BePositive();
        node.Clocks.Should().HaveCountGreaterThanOrEqualTo(3);
    }

    private NodeReading Read() => new HardwareReader(_board.Root).Read();
}

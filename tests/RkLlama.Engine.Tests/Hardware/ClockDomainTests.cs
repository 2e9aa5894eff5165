using RkLlama.Engine.Hardware;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Hardware;

public sealed class ClockDomainTests : IDisposable
{
    private readonly TempDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("408000 1800000 ", 1_800_000)]
    [InlineData("408000 1608000 2016000", 1_608_000)]
    [InlineData("2016000 2208000", 2_016_000)]
    [InlineData("", 1_800_000)]
    public void The_nearest_frequency_is_the_target_or_the_next_lower_one(string available, long expected)
    {
        ClockDomain clock = ClockDomain.Cpu(0, 1_800_000);
        _root.Write(clock.AvailableFrequenciesPath.TrimStart('/'), available);

        clock.FindNearestFrequency(new Sysfs(_root.Path)).Should().Be(expected);
    }

    [Fact]
    public void Paths_and_names_are_those_of_the_kernel()
    {
        ClockDomain cpu = ClockDomain.Cpu(4, 1), memory = ClockDomain.Device("memory", "dmc", 1);

        (cpu.ReadingName, cpu.GovernorPath).Should().Be(("cpu4", "/sys/devices/system/cpu/cpufreq/policy4/scaling_governor"));
        (memory.ReadingName, memory.SetFrequencyPath).Should().Be(("ddr", "/sys/class/devfreq/dmc/userspace/set_freq"));
    }
}

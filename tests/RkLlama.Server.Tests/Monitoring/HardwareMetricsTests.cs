using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Monitoring;

/// <summary>Hardware metrics of <c>/metrics</c>, read from a copy of a board's files.</summary>
public sealed class HardwareMetricsTests : IDisposable
{
    private readonly Board _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public async Task Loads_clocks_temperatures_and_memory_are_in_base_units()
    {
        await using TestServer server = await StartAsync();

        MetricsPage page = await server.MetricsAsync();

        page["rkllama_npu_core_load_ratio{core=\"0\"}"].Should().Be(0.45);
        page["rkllama_npu_core_load_ratio{core=\"2\"}"].Should().Be(0.44);
        page["rkllama_frequency_hertz{domain=\"npu\"}"].Should().Be(1e9);
        page["rkllama_frequency_hertz{domain=\"ddr\"}"].Should().Be(2.112e9);
        page["rkllama_frequency_max_hertz{domain=\"ddr\"}"].Should().Be(2.112e9);
        page["rkllama_frequency_hertz{domain=\"cpu4\"}"].Should().Be(2.352e9);
        page["rkllama_temperature_celsius{zone=\"npu-thermal\"}"].Should().Be(45.307);
        page["rkllama_node_memory_total_bytes"].Should().Be(8_135_420L << 10);
        page["rkllama_node_memory_available_bytes"].Should().Be(6_021_004L << 10);
    }

    [Fact]
    public async Task Each_scrape_reads_the_hardware_again_and_omits_missing_readings()
    {
        await using TestServer server = await StartAsync();
        await server.MetricsAsync();

        _board.Write($"{Board.Ddr}/cur_freq", "528000000\n");
        _board.Delete(Board.Debugfs);

        MetricsPage page = await server.MetricsAsync();
        page["rkllama_frequency_hertz{domain=\"ddr\"}"].Should().Be(528e6);
        page.Text.Should().NotContain("rkllama_npu_core_load_ratio");
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(configure: options => options with { SysfsRoot = _board.Root });
}

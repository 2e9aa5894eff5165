using System.Text;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Tests.Monitoring;

public sealed class HardwareGaugesTests : IDisposable
{
    private readonly Board _board = new();
    private readonly NodeMetrics _metrics = new();
    private readonly HardwareGauges _gauges;

    public HardwareGaugesTests() => _gauges = new(_metrics, new HardwareReader(_board.Root));

    public void Dispose()
    {
        _metrics.Dispose();
        _board.Dispose();
    }

    private MetricsPage Page => new(Encoding.UTF8.GetString(_metrics.Store.Scrape()));

    [Fact]
    public void The_hardware_is_not_read_before_the_first_scrape()
    {
        Page.Text.Should().NotContain("rkllama_frequency_hertz{").And.NotContain("rkllama_node_memory_total_bytes ");

        _gauges.Refresh();

        Page["rkllama_frequency_hertz{domain=\"npu\"}"].Should().Be(1e9);
    }

    [Fact]
    public void All_gauges_of_a_scrape_come_from_one_reading()
    {
        _gauges.Refresh();
        _board.Write($"{Board.Npu}/cur_freq", "300000000\n");
        _board.Delete(Board.Debugfs);

        MetricsPage page = Page;

        page["rkllama_frequency_hertz{domain=\"npu\"}"].Should().Be(1e9);
        page["rkllama_npu_core_load_ratio{core=\"0\"}"].Should().Be(0.45);
    }
}

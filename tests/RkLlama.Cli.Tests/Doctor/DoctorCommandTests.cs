using RkLlama.Cli.Doctor;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Cli.Tests.Doctor;

public sealed class DoctorCommandTests
{
    [Fact]
    public void The_output_is_text_or_JSON()
    {
        using HealthyNode node = new();
        node.Board.Device(Board.Ddr, 528_000_000, "528000000 2112000000", "dmc_ondemand");
        node.Board.Delete("/dev/dri/renderD129");
        IReadOnlyList<Finding> findings = node.Check();

        string[] lines = Report(findings).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(Report(findings, json: true).Text);

        lines.Should().HaveCount(findings.Count + 1);
        lines.Should().ContainSingle(line => line.StartsWith("failure  npu-device        there is no NPU device", StringComparison.Ordinal));
        lines.Should().ContainSingle(line => line.StartsWith("warning  ddr-clock         the memory (DDR) runs at 528 of 2112 MHz", StringComparison.Ordinal) && line.Contains("→ rkllama tune"));
        lines[^1].Should().Be($"{findings.Count - 2} ok, 1 warning, 1 failure");
        json.RootElement.GetProperty("failures").GetInt32().Should().Be(1);
        json.RootElement.GetProperty("findings").EnumerateArray().Single(line => line.GetProperty("verdict").GetString() == "failure")
            .GetProperty("id").GetString().Should().Be("npu-device");
    }

    private static (int Code, string Text) Report(IReadOnlyList<Finding> findings, bool json = false)
    {
        using StringWriter output = new();
        int code = DoctorCommand.Report(findings, json, output);
        return (code, output.ToString());
    }
}

using RkLlama.Cli.Bench;

namespace RkLlama.Cli.Tests.Bench;

public sealed class BenchReportTests
{
    [Fact]
    public void The_comparison_uses_the_prompt_length_nearest_to_the_vendors()
    {
        VendorFigure figure = new("Qwen2.5-1.5B", "1.2.3", 128, 412.27, 16.32);
        BenchRow half = new(130, 130 / (128 / 412.27 * 1000) * 2000, 64, 63 / 8.16 * 1000), other = new(1000, 1, 64, 1);

        BenchComparison comparison = BenchComparison.From(figure, [half, other]);

        comparison.DecodePercent.Should().BeApproximately(50, 0.2);
        comparison.PrefillPercent.Should().BeApproximately(50, 0.2);
        BenchComparison.From(figure, [other]).PrefillPercent.Should().BeNull("the vendor has measured no such prompt");
    }

    [Fact]
    public void The_text_has_measurements_vendor_figure_and_low_clocks()
    {
        VendorFigure figure = new("Qwen2.5-1.5B", "1.2.3", 128, 412.27, 16.32);
        BenchRow[] rows = [new(128, 824.54, 64, 7720.6)];

        string text = new BenchReport("m", "1.2.3", "0.9.8", "rk3588", 2800, rows, BenchComparison.From(figure, rows), null, ["ddr 528 of 2112 MHz"], ["1024 tokens: too long"]).ToText();

        text.Should().Be("""
            m on RKLLM 1.2.3, driver 0.9.8, rk3588; loaded in 2.8 s
              prompt     prefill       prefill   output      decode        decode
              tokens          ms      tokens/s   tokens    ms/token      tokens/s
                 128       824.5         155.2       64       122.5          8.16
            not measured: 1024 tokens: too long
            vendor: Qwen2.5-1.5B, runtime 1.2.3, 128 prompt tokens: first token after 412 ms, 16.32 tokens/s
            this node: 50 % of the vendor's decode speed, 50 % of its prefill speed
            low clocks: ddr 528 of 2112 MHz; run 'rkllama tune', then measure again

            """);
    }
}

using RkLlama.Cli.Bench;
using RkLlama.Prompts.Jinja.Library;

namespace RkLlama.Cli.Tests.Bench;

/// <summary>Which figure of the vendor's belongs to a model, and where none does.</summary>
public sealed class VendorTableTests
{
    [Theory]
    [InlineData("Qwen2.5-1.5B-Instruct", "1.2.3", "Qwen2.5-1.5B", "1.2.3", 16.32)]
    [InlineData("qwen2.5-1.5b-instruct-w8a8-rk3588", "1.3.1", "Qwen2.5-1.5B", "1.3.0", 16.69)]
    [InlineData("Qwen2.5-1.5B", "1.2.2", "Qwen2.5-1.5B", "1.2.1", 16.32)]
    [InlineData("Qwen3-0.6B", null, "Qwen3-0.6B", "1.3.0", 32.91)]
    [InlineData("TinyLlama-1.1B", "1.1.4", "TinyLLAMA-1.1B", "1.1.4", 24.21)]
    [InlineData("Gemma2-2B", "1.1.1", "Gemma2-2B", "1.1.4", 9.67)]
    [InlineData("Qwen3-VL-2B", "1.3.0", "Qwen3-VL-2B", "1.3.0", 14.98)]
    public void A_model_is_found_by_family_and_size(string model, string? runtime, string row, string release, double rate)
    {
        VendorFigure figure = VendorTable.Find(model, "rk3588", runtime, out string? reason)!;

        (figure.Model, figure.Runtime, figure.TokensPerSecond).Should().Be((row, release, rate));
        reason.Should().BeNull();
    }

    [Fact]
    public void The_guides_model_is_compared_with_what_it_was_made_of_and_that_is_said()
    {
        VendorTable.Find("DeepSeek-R1-1.5B", "rk3588", "1.2.3", out _)!.Model.Should().Contain("Qwen2.5-1.5B").And.Contain("no figure of its own");
        VendorTable.Find("DeepSeek-R1-Distill-Qwen-1.5B", "rk3588", "1.2.3", out _)!.TokensPerSecond.Should().Be(16.32);
    }

    [Theory]
    [InlineData("demo", "rk3588", "family and size")]
    [InlineData("Qwen2.5-7B", "rk3588", "family and size")]
    [InlineData("Qwen2.5-11.5B", "rk3588", "family and size")]
    [InlineData("Qwen3-1.7B", "rk3588", "family and size")]
    [InlineData("Qwen2.5-1.5B-w8a8_g128", "rk3588", "w8a8")]
    [InlineData("Qwen2.5-1.5B", "rk3576", "an rk3576")]
    [InlineData("Qwen2.5-1.5B", null, "does not say what it is")]
    public void Where_it_cannot_be_told_there_is_no_comparison(string model, string? platform, string reason)
    {
        VendorTable.Find(model, platform, "1.2.3", out string? why).Should().BeNull();
        why.Should().Contain(reason);
    }

    [Fact]
    public void The_comparison_takes_the_prompt_that_is_nearest_to_the_vendors()
    {
        VendorFigure figure = new("Qwen2.5-1.5B", "1.2.3", 128, 412.27, 16.32);
        BenchRow half = new(130, 130 / (128 / 412.27 * 1000) * 2000, 64, 63 / 8.16 * 1000), other = new(1000, 1, 64, 1);

        BenchComparison comparison = BenchComparison.Of(figure, [half, other]);

        comparison.DecodePercent.Should().BeApproximately(50, 0.2);
        comparison.PrefillPercent.Should().BeApproximately(50, 0.2);
        BenchComparison.Of(figure, [other]).PrefillPercent.Should().BeNull("the vendor has measured no such prompt");
    }

    [Fact]
    public void The_text_says_what_was_measured_what_the_vendor_has_and_which_clocks_are_low()
    {
        VendorFigure figure = new("Qwen2.5-1.5B", "1.2.3", 128, 412.27, 16.32);
        BenchRow[] rows = [new(128, 824.54, 64, 7720.6)];

        string text = new BenchReport("m", "1.2.3", "0.9.8", "rk3588", 2800, rows, BenchComparison.Of(figure, rows), null, ["ddr 528 of 2112 MHz"], ["1024 tokens: too long"]).ToText();

        text.Should().Be("""
            m on RKLLM 1.2.3, driver 0.9.8, rk3588; loaded in 2.8 s
              prompt     prefill       prefill   answer      decode        decode
              tokens          ms      tokens/s   tokens    ms/token      tokens/s
                 128       824.5         155.2       64       122.5          8.16
            not measured: 1024 tokens: too long
            vendor: Qwen2.5-1.5B, runtime 1.2.3, 128 tokens of prompt: first token after 412 ms, 16.32 tokens/s
            of that, this node decodes at 50 % and reads a prompt at 50 %
            clocks are low: ddr 528 of 2112 MHz; 'rkllama tune' sets them, then measure again

            """);
    }
}

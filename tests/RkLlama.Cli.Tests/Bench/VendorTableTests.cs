using RkLlama.Cli.Bench;

namespace RkLlama.Cli.Tests.Bench;

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
    public void The_DeepSeek_distillation_is_compared_with_its_base_model()
    {
        VendorTable.Find("DeepSeek-R1-1.5B", "rk3588", "1.2.3", out _)!.Model.Should().Contain("Qwen2.5-1.5B").And.Contain("the vendor has no figure");
        VendorTable.Find("DeepSeek-R1-Distill-Qwen-1.5B", "rk3588", "1.2.3", out _)!.TokensPerSecond.Should().Be(16.32);
    }

    [Theory]
    [InlineData("demo", "rk3588", "family and size")]
    [InlineData("Qwen2.5-7B", "rk3588", "family and size")]
    [InlineData("Qwen2.5-11.5B", "rk3588", "family and size")]
    [InlineData("Qwen3-1.7B", "rk3588", "family and size")]
    [InlineData("Qwen2.5-1.5B-w8a8_g128", "rk3588", "w8a8")]
    [InlineData("Qwen2.5-1.5B", "rk3576", "is rk3576")]
    [InlineData("Qwen2.5-1.5B", null, "is unknown")]
    public void An_unknown_model_or_platform_has_no_figure(string model, string? platform, string reason)
    {
        VendorTable.Find(model, platform, "1.2.3", out string? why).Should().BeNull();
        why.Should().Contain(reason);
    }
}

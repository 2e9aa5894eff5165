using RkLlama.Engine.Models;

namespace RkLlama.Engine.Tests.Models;

public sealed class ModelNameInfoTests
{
    [Theory]
    [InlineData("Qwen2.5-1.5B-Instruct_W8A8_RK3588", "qwen2.5", "1.5B", "W8A8")]
    [InlineData("Qwen3-0.6B w8a8_g128", "qwen3", "0.6B", "W8A8_G128")]
    [InlineData("DeepSeek-R1-Distill-Qwen-1.5B", "deepseek", "1.5B", "unknown")]
    [InlineData("smollm2-135m", "smollm", "135M", "unknown")]
    [InlineData("demo", "unknown", "unknown", "unknown")]
    public void Family_size_and_quantization_are_read_from_the_name(string name, string family, string size, string quantization) =>
        ModelNameInfo.Parse(name).Should().Be(new ModelNameInfo(family, size, quantization));
}

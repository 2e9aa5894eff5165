using RkLlama.Native.Interop;

namespace RkLlama.Native.Tests;

public sealed class RuntimeEvidenceTests
{
    [Theory]
    [InlineData("x RKLLM SDK (version: 1.2.0 | target: Linux | build: abc", "1.2.0")]
    [InlineData("rknn llm lib version: 2.3.3b0", null)]
    [InlineData("RKLLM SDK (version: %s | RKLLM SDK (version: 1.2.1b1)", "1.2.1b1")]
    public void FindMarker_ignores_the_version_of_the_inner_library(string file, string? expected)
    {
        RuntimeEvidence.FindMarker(System.Text.Encoding.ASCII.GetBytes(file)).Should().Be(expected);
    }
}

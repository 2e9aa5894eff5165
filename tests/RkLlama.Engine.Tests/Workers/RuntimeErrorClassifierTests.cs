using RkLlama.Engine.Workers.Server;

namespace RkLlama.Engine.Tests.Workers;

public sealed class RuntimeErrorClassifierTests
{
    [Theory]
    [InlineData("invalid magic characters", "ModelFileInvalid")]
    [InlineData("invalid rkllm model", "ModelFileInvalid")]
    [InlineData("The model version is too old", "ModelFileInvalid")]
    [InlineData("max_context[16384] must be less than the model's max_context_limit[4096]", "ContextLength")]
    [InlineData("The model target_platform does not match!", "WrongPlatform")]
    [InlineData("Too many open files", "TooManyOpenFiles")]
    [InlineData("failed to open rknpu module", "NpuDevice")]
    [InlineData("failed to open rknn device!", "NpuDevice")]
    [InlineData("failed to malloc npu memory", "OutOfMemory")]
    [InlineData("failed to allocate handle, ret: -1, errno: 14, errstr: Bad address", "OutOfMemory")]
    [InlineData("Your rknpu driver version is too low", "NpuDriver")]
    [InlineData("matmul run failed", "NpuDriver")]
    [InlineData("rkllm_init returned -1", null)]
    [InlineData("", null)]
    public void Known_texts_of_the_library_have_a_code(string text, string? code) =>
        (RuntimeErrorClassifier.Classify(text)?.ToString()).Should().Be(code);

    [Fact]
    public void The_most_specific_of_several_errors_counts() =>
        RuntimeErrorClassifier.Classify("matmul run failed; invalid magic characters").ToString().Should().Be("ModelFileInvalid");
}

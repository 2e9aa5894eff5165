using RkLlama.Engine.Workers;
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

    [Theory]
    [InlineData("the length of prompt is greater than max context, prompt: 1299 tokens, max context: 1024", 1299)]
    [InlineData("error: prompt gather than max context (prompt: 1299 tokens, max context: 1020)", 1299)]
    [InlineData("matmul run failed; The length of Prompt is greater than MAX_CONTEXT", null)]
    public void A_prompt_that_is_too_long_is_recognised(string text, int? tokens) =>
        RuntimeErrorClassifier.FindRefusedPrompt(text).Should().Be(new RefusedPrompt(tokens));

    [Theory]
    [InlineData("")]
    [InlineData("max_context[16384] must be less than the model's max_context_limit[4096]")]
    [InlineData("failed to read the prompt cache")]
    [InlineData("the NPU hung")]
    public void Other_errors_are_not_about_the_length_of_the_prompt(string text) =>
        RuntimeErrorClassifier.FindRefusedPrompt(text).Should().BeNull();

    [Fact]
    public void The_most_specific_of_several_errors_counts() =>
        RuntimeErrorClassifier.Classify("matmul run failed; invalid magic characters").ToString().Should().Be("ModelFileInvalid");
}

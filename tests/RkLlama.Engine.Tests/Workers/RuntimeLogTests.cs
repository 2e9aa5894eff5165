using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Workers.Server;
using RkLlama.Native.Interop;

namespace RkLlama.Engine.Tests.Workers;

public sealed class RuntimeLogTests
{
    private readonly RuntimeLog _log = new(NullLogger.Instance);

    [Theory]
    [InlineData("I rkllm: Enabled cpus: [4, 5, 6, 7]", LogLevel.Information, "Enabled cpus: [4, 5, 6, 7]")]
    [InlineData("W rkllm: Warning: Your rknpu driver version is too low", LogLevel.Warning, "Warning: Your rknpu driver version is too low")]
    [InlineData("E RKNN: failed to open rknn device!", LogLevel.Error, "failed to open rknn device!")]
    [InlineData(": error: failed to load model", LogLevel.Error, "error: failed to load model")]
    [InlineData(": invalid magic characters", LogLevel.Error, "invalid magic characters")]
    [InlineData("The model target_platform does not match!", LogLevel.Error, "The model target_platform does not match!")]
    [InlineData("Warning: something else", LogLevel.Warning, "Warning: something else")]
    [InlineData("GGML_ASSERT(view_src == NULL) failed", LogLevel.Error, "GGML_ASSERT(view_src == NULL) failed")]
    [InlineData("terminate called after throwing an instance of 'std::bad_alloc'", LogLevel.Error, "terminate called after throwing an instance of 'std::bad_alloc'")]
    [InlineData("  what():  std::bad_alloc", LogLevel.Error, "what():  std::bad_alloc")]
    [InlineData("double free or corruption (!prev)", LogLevel.Error, "double free or corruption (!prev)")]
    [InlineData("*** stack smashing detected ***: terminated", LogLevel.Error, "*** stack smashing detected ***: terminated")]
    [InlineData("anything", LogLevel.Information, "anything")]
    public void Lines_have_a_level_and_a_text(string line, LogLevel level, string text)
    {
        RuntimeLog.Classify(line).Should().Be((level, text));
    }

    [Fact]
    public void The_last_errors_are_kept_in_order_until_they_are_cleared()
    {
        foreach (string line in (string[])["E rkllm: 1", "I rkllm: no", "E rkllm: 2", "E rkllm: 3", "E rkllm: 4", "E rkllm: 5"])
            _log.Add(line);

        _log.ErrorText.Should().Be("2; 3; 4; 5");
        _log.ClearErrors();
        _log.ErrorText.Should().BeEmpty();
    }

    [Fact]
    public void Version_driver_and_platform_are_read_from_the_first_line()
    {
        _log.Add("I rkllm: rkllm-runtime version: 1.2.3, rknpu driver version: 0.9.8, platform: RK3588");

        (_log.RuntimeVersion, _log.DriverVersion, _log.Platform).Should().Be(("1.2.3", "0.9.8", "RK3588"));
    }

    [Fact]
    public void The_models_context_limit_is_read_from_the_refusal()
    {
        _log.Add("E rkllm: max_context[16384] must be less than the model's max_context_limit[4096]");

        _log.ContextLimit.Should().Be(4096);
    }
}

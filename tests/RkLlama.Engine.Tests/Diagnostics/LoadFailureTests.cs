using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Engine.Workers.Server;
using RkLlama.Native;

namespace RkLlama.Engine.Tests.Diagnostics;

public sealed class LoadFailureTests
{
    [Theory]
    [InlineData("E rkllm: invalid rkllm model", "(model-file)")]
    [InlineData("The model target_platform does not match", "(platform)")]
    [InlineData("E RKNN: failed to allocate handle, ret: -1, errno: 14, errstr: Bad address\nE rkllm: load model file error", "(model-memory)")]
    [InlineData("E RKNN: failed to open rknpu module, need to insmod rknpu dirver\nE RKNN: failed to open rknn device", "(npu-device)")]
    [InlineData("E rkllm: Too many open files", "(limits)")]
    [InlineData("E rkllm: something new", "")]
    public void A_failure_that_the_library_prints_names_its_check(string lines, string check)
    {
        RuntimeLog log = new(Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        foreach (string line in lines.Split('\n'))
            log.Add(line);

        Hint(log.ErrorCode).Should().Be($"rkllama doctor {check}".TrimEnd());
    }

    [Theory]
    [InlineData(128 + 4, "(library-version)")]
    [InlineData(128 + 9, "(model-memory)")]
    [InlineData(128 + 11, "")]
    [InlineData(1, "")]
    public void The_end_of_a_worker_names_its_check(int exitCode, string check) =>
        Hint(WorkerExit.CodeOf(exitCode)).Should().Be($"rkllama doctor {check}".TrimEnd());

    [Theory]
    [InlineData("LibraryDependencyMissing", "(library-needs)")]
    [InlineData("LibraryNotLoadable", "(library-file)")]
    [InlineData("LibraryNotIdentified", "(library-version)")]
    [InlineData("CallFailed", "")]
    public void A_failure_of_the_native_layer_names_its_check(string code, string check)
    {
        FailedReply reply = FailedReply.From(new RkllmException("any text") { Code = Enum.Parse<RkllmErrorCode>(code) });

        Hint(reply.Code).Should().Be($"rkllama doctor {check}".TrimEnd());
    }

    [Fact]
    public void A_model_that_cannot_be_found_names_its_check()
    {
        LoadFailure.Hint(ModelException.DirectoryNotFound("m")).Should().Be("rkllama doctor (models-directory)");
        LoadFailure.Hint(ModelException.ModelsDirectoryUnreadable("/m", new IOException())).Should().Be("rkllama doctor (models-directory)");
        LoadFailure.Hint(ModelException.FromMissing()).Should().Be("rkllama doctor (modelfile)");
    }

    [Fact]
    public void The_text_of_an_exception_does_not_matter()
    {
        LoadFailure.Hint(new EngineException("invalid rkllm model")).Should().Be("rkllama doctor");
        LoadFailure.Hint(new InvalidOperationException("platform")).Should().Be("rkllama doctor");
    }

    [Fact]
    public void Every_code_has_a_check() =>
        Enum.GetValues<FailureCode>().Select(LoadFailure.CheckOf).Should().BeSubsetOf(CheckIds.All);

    private static string Hint(FailureCode? code) => LoadFailure.Hint(new EngineException("any text") { Code = code });
}

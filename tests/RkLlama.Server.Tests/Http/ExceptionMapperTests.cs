using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Prompts;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Tests.Http;

public sealed class ExceptionMapperTests
{
    private static readonly Dictionary<string, (Exception Exception, int Status, string? Code, string? Parameter, int? RetryAfter)> Cases = new()
    {
        ["context length"] = (new ContextLengthException(5000, 4096, "input"), 400, "context_length_exceeded", "input", null),
        ["model not found"] = (new ModelNotFoundException("x"), 404, "model_not_found", "model", null),
        ["no tools"] = (new MissingCapabilityException("m", RequiredCapabilities.Tools, "chat"), 400, "unsupported_value", "tool_choice", null),
        ["no completion"] = (new MissingCapabilityException("m", RequiredCapabilities.Completion, "chat"), 400, null, "model", null),
        ["no thinking"] = (new MissingCapabilityException("m", RequiredCapabilities.Thinking, "chat"), 400, null, null, null),
        ["no tool call"] = (new MissingToolCallException(), 422, "tool_choice_not_met", "tool_choice", null),
        ["output format"] = (new OutputFormatException("it is not JSON", "response_format"), 422, "invalid_output_format", "response_format", null),
        ["models directory"] = (ModelException.ModelsDirectoryUnreadable("/models", new IOException()), 500, null, null, null),
        ["modelfile"] = (ModelException.FromMissing(), 400, null, null, null),
        ["full disk"] = (ModelException.NoSpace(new IOException("No space left on device")), 507, null, null, null),
        ["read-only directory"] = (ModelException.NotWritable(new IOException("Read-only file system")), 500, null, null, null),
        ["no model"] = (new NoModelException(), 400, null, null, null),
        ["model occupied"] = (new ModelAlreadyLoadedException(), 400, null, null, null),
        ["prompt"] = (new PromptException("The template has no system role."), 400, null, null, null),
        ["not ready"] = (new NotReadyException("Model m is being loaded.", 7), 503, null, null, 7),
        ["queue full"] = (new QueueFullException("The server is busy.", 9), 503, "queue_full", null, 9),
        ["draining"] = (new DrainingException(), 503, "draining", null, 5),
        ["model file"] = (new ModelFileException("The model file 'm.rkllm' does not exist."), 400, null, "model", null),
        ["engine"] = (new EngineException("The answer failed: boom."), 500, null, null, null),
        ["stuck worker"] = (new WorkerStuckException(42, Task.CompletedTask), 500, null, null, null),
        ["bad request"] = (new BadHttpRequestException("Bad chunk size.", 400), 400, null, null, null),
        ["too large"] = (new BadHttpRequestException("Too large.", 413), 413, null, null, null),
    };

    private readonly ExceptionMapper _mapper = new(NullLogger<ExceptionMapper>.Instance);

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Fact]
    public void A_request_that_needs_too_much_memory_can_be_retried()
    {
        ApiException error = _mapper.Map(new InsufficientMemoryException());

        (error.Status, error.RetryAfterSeconds).Should().Be((503, 5));
        error.Message.Should().Contain("too little memory");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_known_exception_has_its_status_code_and_field(string name)
    {
        (Exception exception, int status, string? code, string? parameter, int? retryAfter) = Cases[name];

        ApiException error = _mapper.Map(exception);

        (error.Status, error.Code ?? error.Reply.Code, error.Parameter, error.RetryAfterSeconds).Should().Be((status, code, parameter, retryAfter));
        error.Message.Should().Be(exception.Message);
    }

    [Fact]
    public void An_api_exception_is_returned_unchanged()
    {
        ApiException error = ApiException.BadRequest("no");

        _mapper.Map(error).Should().BeSameAs(error);
    }

    [Fact]
    public void An_unknown_exception_is_a_fault_with_an_id_and_without_its_text()
    {
        ApiException error = _mapper.Map(new InvalidOperationException("secret"));

        error.Status.Should().Be(500);
        error.Message.Should().NotContain("secret").And.Contain(error.Reply.Id!);
        error.Reply.Id.Should().HaveLength(12);
    }

    [Fact]
    public void An_unknown_model_has_OpenAIs_own_message() =>
        _mapper.Map(new ModelNotFoundException("x")).OpenAiMessage.Should().Be("The model 'x' does not exist.");
}

using RkLlama.Engine.Generation;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Prompts;

namespace RkLlama.Server.Http.Errors;

/// <summary>Maps exceptions to error responses, and logs unexpected exceptions.</summary>
internal sealed partial class ExceptionMapper(ILogger<ExceptionMapper> logger)
{
    internal ApiException Map(Exception exception) => exception switch
    {
        ApiException api => api,
        ContextLengthException length => new(StatusCodes.Status400BadRequest, new(length.Message)
        {
            Code = "context_length_exceeded",
            PromptTokens = length.PromptTokens,
            ContextLength = length.ContextLength,
        })
        {
            Parameter = length.PromptField,
        },
        ModelNotFoundException unknown => new(StatusCodes.Status404NotFound, new(exception.Message))
        {
            Code = "model_not_found",
            Parameter = "model",
            OpenAiMessage = $"The model '{unknown.Name}' does not exist.",
        },
        MissingCapabilityException { Missing: RequiredCapabilities.Tools } tools => new(StatusCodes.Status400BadRequest, new(tools.Message))
        {
            Code = "unsupported_value",
            Parameter = "tool_choice",
            OpenAiMessage = $"The chat template of model '{tools.Model}' knows no tools.",
        },
        MissingCapabilityException { Missing: RequiredCapabilities.Completion } => ApiException.BadRequest(exception.Message, "model"),
        MissingToolCallException => new(StatusCodes.Status422UnprocessableEntity, new(exception.Message))
        {
            Code = "tool_choice_not_met",
            Parameter = "tool_choice",
        },
        OutputFormatException format => new(StatusCodes.Status422UnprocessableEntity, new(format.Message))
        {
            Code = "invalid_output_format",
            Parameter = format.Parameter,
        },
        ModelException { Kind: ModelErrorKind.NoSpace } => new(StatusCodes.Status507InsufficientStorage, new(exception.Message)),
        ModelException { Kind: ModelErrorKind.ModelsDirectoryMissing or ModelErrorKind.NotWritable } => new(StatusCodes.Status500InternalServerError, new(exception.Message)),
        NoModelException or ModelAlreadyLoadedException or ModelException or PromptException or MissingCapabilityException => ApiException.BadRequest(exception.Message),
        NotReadyException early => new(StatusCodes.Status503ServiceUnavailable, new(early.Message)) { RetryAfterSeconds = early.RetryAfterSeconds },
        QueueFullException full => new(StatusCodes.Status503ServiceUnavailable, new(full.Message))
        {
            Code = "queue_full",
            RetryAfterSeconds = full.RetryAfterSeconds,
        },
        DrainingException => new(StatusCodes.Status503ServiceUnavailable, new(exception.Message))
        {
            Code = "draining",
            RetryAfterSeconds = DrainingException.RetryAfterSeconds,
        },
        EngineException => new(StatusCodes.Status500InternalServerError, new(exception.Message)),
        OutOfMemoryException => new(StatusCodes.Status503ServiceUnavailable, new("The server has too little memory for this request at the moment."))
        {
            RetryAfterSeconds = 5,
        },
        BadHttpRequestException bad => new(bad.StatusCode, new(bad.Message)),
        _ => Fault(exception),
    };

    /// <summary>Logs an unexpected exception with a new id, and returns an error with status 500 and this id.</summary>
    private ApiException Fault(Exception exception)
    {
        string id = Guid.NewGuid().ToString("N")[..12];
        Log.Fault(logger, exception, id);
        return new(
            StatusCodes.Status500InternalServerError,
            new($"Something went wrong in the server; its log has the details under {id}.", Id: id));
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Fault {Id}")]
        internal static partial void Fault(ILogger logger, Exception exception, string id);
    }
}

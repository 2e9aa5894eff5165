using RkLlama.Engine.Generation;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Prompts;

namespace RkLlama.Server.Http;

/// <summary>What each failure of the server is to a client.</summary>
internal sealed partial class ErrorTranslation(ILogger<ErrorTranslation> logger)
{
    internal ApiException Translate(Exception exception) => exception switch
    {
        ApiException api => api,
        UnfinishedAnswerException { InnerException: { } inner } => Translate(inner),
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
        NoModelException or ModelOccupiedException or ModelException or PromptException => ApiException.BadRequest(exception.Message),
        QueueFullException full => new(StatusCodes.Status503ServiceUnavailable, new(full.Message))
        {
            Code = "queue_full",
            RetryAfterSeconds = full.RetryAfterSeconds,
        },
        OutputFormatException format => new(StatusCodes.Status422UnprocessableEntity, new(format.Message))
        {
            Code = "invalid_output_format",
            Parameter = format.Parameter,
        },
        EngineException => new(StatusCodes.Status500InternalServerError, new(exception.Message)),
        BadHttpRequestException bad => new(bad.StatusCode, new(bad.Message)),
        _ => Fault(exception),
    };

    /// <summary>A fault of our own: the client gets a number that finds it in the log.</summary>
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

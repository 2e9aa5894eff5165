using RkLlama.Engine.Generation;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Pull;
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
        EmptyPromptException empty => ApiException.BadRequest(empty.Message, empty.PromptField),
        FatalRequestException => new(StatusCodes.Status422UnprocessableEntity, new(exception.Message)) { Code = "request_ends_worker" },
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
            OpenAiMessage = $"The chat template of model '{tools.Model}' knows no tools.{tools.Remedy}",
        },
        MissingCapabilityException { Missing: RequiredCapabilities.Insert } insert => new(StatusCodes.Status400BadRequest, new(exception.Message))
        {
            Code = "unsupported_value",
            Parameter = "suffix",
            OpenAiMessage = "suffix is not supported: put the model's own fill-in-the-middle tokens into the prompt." + insert.Remedy,
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
        ModelException { Kind: ModelErrorKind.ModelsDirectoryUnreadable or ModelErrorKind.NotWritable } => new(StatusCodes.Status500InternalServerError, new(exception.Message)),
        ModelUnloadedException => new(StatusCodes.Status503ServiceUnavailable, new(exception.Message)) { RetryAfterSeconds = 1 },
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
        ModelFileException => ApiException.BadRequest(exception.Message, "model"),
        HubException hub => Map(hub),
        PullStoppedException => new(StatusCodes.Status503ServiceUnavailable, new(exception.Message)),
        EngineException => new(StatusCodes.Status500InternalServerError, new(exception.Message)),
        OutOfMemoryException => new(StatusCodes.Status503ServiceUnavailable, new("The server has too little memory for this request at the moment."))
        {
            RetryAfterSeconds = 5,
        },
        BadHttpRequestException bad => new(bad.StatusCode, new(bad.Message)),
        _ => Fault(exception),
    };

    private static ApiException Map(HubException hub) => new(
        hub.Error switch
        {
            HubError.InvalidName => StatusCodes.Status400BadRequest,
            HubError.RepositoryNotFound or HubError.RevisionNotFound or HubError.FileNotFound => StatusCodes.Status404NotFound,
            HubError.Gated or HubError.TokenInvalid => StatusCodes.Status403Forbidden,
            HubError.Offline => StatusCodes.Status403Forbidden,
            HubError.RateLimited => StatusCodes.Status503ServiceUnavailable,
            HubError.NoSpace => StatusCodes.Status507InsufficientStorage,
            HubError.NotWritable or HubError.Tls => StatusCodes.Status500InternalServerError,
            _ => StatusCodes.Status502BadGateway,
        },
        new(Sentence(hub)))
    {
        RetryAfterSeconds = hub.Error == HubError.RateLimited ? (int)Math.Clamp(Math.Ceiling(hub.RetryAfter?.TotalSeconds ?? 60), 1, 60) : null,
        OllamaMessage = MissingModelText(hub),
    };

    /// <summary>Returns Ollama's text for a model that its registry does not have, because clients search for it; <see langword="null"/> for other errors.</summary>
    private static string? MissingModelText(HubException hub) =>
        hub.Error is HubError.RepositoryNotFound or HubError.RevisionNotFound || hub.IsUnknownName ? $"pull model manifest: file does not exist: {Sentence(hub)}" : null;

    /// <summary>Returns the message with a period. A list at its end has none.</summary>
    private static string Sentence(HubException hub) => hub.Message.Contains('\n', StringComparison.Ordinal) ? hub.Message : hub.Message + ".";

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

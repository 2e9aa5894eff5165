using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.OpenAi.Rerank;

/// <summary>An error in the form of Text Embeddings Inference.</summary>
/// <param name="ErrorType">Validation, Empty, Tokenizer, Overloaded, Backend or Unhealthy.</param>
internal sealed record InferenceError(string Error, string ErrorType)
{
    internal const string Empty = "Empty";

    /// <summary>Returns the same error with the status and the type that Text Embeddings Inference has for it.</summary>
    internal static ApiException Of(ApiException error)
    {
        (int status, string type) = error switch
        {
            { InferenceType: { } known } => (error.Status, known),
            { Status: StatusCodes.Status400BadRequest } => (StatusCodes.Status413PayloadTooLarge, "Validation"),
            { Status: StatusCodes.Status503ServiceUnavailable, Code: "queue_full" } => (StatusCodes.Status429TooManyRequests, "Overloaded"),
            { Status: StatusCodes.Status503ServiceUnavailable } => (error.Status, "Unhealthy"),
            { Status: >= 500 } => (StatusCodes.Status424FailedDependency, "Backend"),
            _ => (error.Status, "Validation"),
        };
        return new(status, error.Reply)
        {
            InferenceType = type,
            OpenAiMessage = error.OpenAiMessage,
            RetryAfterSeconds = error.RetryAfterSeconds,
            ClosesConnection = error.ClosesConnection,
        };
    }

    internal static InferenceError From(ApiException error) => new(error.OpenAiMessage ?? error.Message, error.InferenceType!);
}

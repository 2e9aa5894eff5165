using System.Text.Json.Serialization;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Error response of the Ollama API.</summary>
internal sealed record OllamaError(string Error)
{
    /// <summary>
    /// Converts an error. Ollama's errors have no code, so clients search the message for Ollama's own texts. If Ollama has a text for this error, the message
    /// starts with it.
    /// </summary>
    internal static OllamaError From(ApiException error) => new((error.Code ?? error.Reply.Code) switch
    {
        "context_length_exceeded" => $"the input length exceeds the context length: {error.Message}",
        "queue_full" => $"server busy, please try again.  maximum pending requests exceeded: {error.Message}",
        _ => error.OllamaMessage ?? error.Message,
    })
    {
        Code = error.Status == StatusCodes.Status499ClientClosedRequest ? error.Reply.Code : null,
    };

    /// <summary>cancelled if the node has cancelled the request; absent in other errors, as in Ollama.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Code { get; init; }
}

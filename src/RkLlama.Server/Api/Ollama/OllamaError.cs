using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Error response of the Ollama API.</summary>
internal sealed record OllamaError(string Error)
{
    /// <summary>The format has no error code, so clients search the text for Ollama's own messages. Therefore these come first.</summary>
    internal static OllamaError From(ApiException error) => new((error.Code ?? error.Reply.Code) switch
    {
        "context_length_exceeded" => $"the input length exceeds the context length: {error.Message}",
        "queue_full" => $"server busy, please try again.  maximum pending requests exceeded: {error.Message}",
        _ => error.OllamaMessage ?? error.Message,
    });
}

using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Every error of the Ollama API.</summary>
internal sealed record OllamaError(string Error)
{
    /// <summary>There is no code in it, so clients look for Ollama's own words: they come first.</summary>
    internal static OllamaError From(ApiException error) => new((error.Code ?? error.Reply.Code) switch
    {
        "context_length_exceeded" => $"the input length exceeds the context length: {error.Message}",
        "queue_full" => $"server busy, please try again.  maximum pending requests exceeded: {error.Message}",
        _ => error.OllamaMessage ?? error.Message,
    });
}

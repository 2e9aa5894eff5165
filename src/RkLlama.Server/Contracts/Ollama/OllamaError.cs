namespace RkLlama.Server.Contracts.Ollama;

/// <summary>Every error of the Ollama API.</summary>
internal sealed record OllamaError(string Error);

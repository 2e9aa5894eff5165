using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Tokens of one answer: of the prompt, of the answer with its thoughts, and of both.</summary>
internal sealed record CompletionUsage(int PromptTokens, int CompletionTokens, int TotalTokens)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PromptTokensDetails? PromptTokensDetails { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CompletionTokensDetails? CompletionTokensDetails { get; init; }
}

/// <param name="CachedTokens">Tokens of the prompt that the runtime had in its KV cache.</param>
internal sealed record PromptTokensDetails(int CachedTokens);

internal sealed record CompletionTokensDetails(int ReasoningTokens);

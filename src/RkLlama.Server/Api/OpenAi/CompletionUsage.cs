using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Token counts of one request.</summary>
/// <param name="PromptTokens">Tokens of the prompt: exact if the server has the model's tokenizer, else an estimate.</param>
/// <param name="CompletionTokens">Output tokens, reasoning included.</param>
/// <param name="TotalTokens">Sum of both.</param>
internal sealed record CompletionUsage(int PromptTokens, int CompletionTokens, int TotalTokens)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PromptTokensDetails? PromptTokensDetails { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CompletionTokensDetails? CompletionTokensDetails { get; init; }
}

/// <param name="CachedTokens">Prompt tokens that the runtime reused from its KV cache.</param>
internal sealed record PromptTokensDetails(int CachedTokens);

/// <param name="ReasoningTokens">Output tokens that belong to the reasoning.</param>
internal sealed record CompletionTokensDetails(int ReasoningTokens);

using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Token counts of one request. If the server has asked the model a second time for valid JSON, they include both answers.</summary>
/// <param name="PromptTokens">Number of tokens of the prompt. Exact if the server has the model's tokenizer, otherwise an estimate.</param>
/// <param name="CompletionTokens">Number of output tokens, reasoning included.</param>
/// <param name="TotalTokens">prompt_tokens plus completion_tokens.</param>
internal sealed record CompletionUsage(int PromptTokens, int CompletionTokens, int TotalTokens)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PromptTokensDetails? PromptTokensDetails { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CompletionTokensDetails? CompletionTokensDetails { get; init; }

    public static CompletionUsage operator +(CompletionUsage left, CompletionUsage right) => new(
        left.PromptTokens + right.PromptTokens, left.CompletionTokens + right.CompletionTokens, left.TotalTokens + right.TotalTokens)
    {
        PromptTokensDetails = new((left.PromptTokensDetails?.CachedTokens ?? 0) + (right.PromptTokensDetails?.CachedTokens ?? 0)),
        CompletionTokensDetails = new((left.CompletionTokensDetails?.ReasoningTokens ?? 0) + (right.CompletionTokensDetails?.ReasoningTokens ?? 0)),
    };
}

/// <param name="CachedTokens">Number of prompt tokens that the runtime has reused from its KV cache; 0 if unknown.</param>
internal sealed record PromptTokensDetails(int CachedTokens);

/// <param name="ReasoningTokens">Number of output tokens that belong to the reasoning.</param>
internal sealed record CompletionTokensDetails(int ReasoningTokens);

using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Engine.Generation;

namespace RkLlama.Server.Api.Anthropic.Messages;

/// <summary>Response of <c>POST /v1/messages</c>, or its beginning in the first event of a stream.</summary>
/// <param name="Type">Always message.</param>
/// <param name="Role">Always assistant.</param>
/// <param name="Content">The blocks of the answer, in order. At least one; in the first event of a stream none.</param>
/// <param name="StopReason">
/// end_turn, max_tokens, stop_sequence or tool_use. In the first event of a stream: null. Also max_tokens if the server has cut an output that repeated itself.
/// </param>
/// <param name="StopSequence">The stop sequence of the request that ended the output; null if none did.</param>
internal sealed record AnthropicMessage(
    string Id, string Type, string Role, string Model, AnthropicBlock[] Content, string? StopReason, string? StopSequence, AnthropicUsage Usage);

/// <summary>One block of an answer. Its type determines which fields it has.</summary>
/// <param name="Type">text, thinking or tool_use.</param>
internal sealed record AnthropicBlock(string Type)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Thinking { get; init; }

    /// <summary>Only in thinking blocks. Clients send it back; the server does not read it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Signature { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Only in tool_use blocks: the arguments, a JSON object. Empty at the start of a block in a stream.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Input { get; init; }
}

/// <summary>Token counts. The tokens of the prompt are input_tokens plus cache_read_input_tokens.</summary>
/// <param name="InputTokens">
/// Number of prompt tokens that were not in the KV cache. Exact if the server has the model's tokenizer, otherwise an estimate. In the first event of a stream:
/// all prompt tokens.
/// </param>
/// <param name="CacheCreationInputTokens">Always 0.</param>
/// <param name="CacheReadInputTokens">Number of prompt tokens that the runtime has reused from its KV cache; 0 if unknown.</param>
/// <param name="OutputTokens">Number of output tokens, thinking included. In the first event of a stream: 0.</param>
internal sealed record AnthropicUsage(int InputTokens, int CacheCreationInputTokens, int CacheReadInputTokens, int OutputTokens, AnthropicOutputTokens OutputTokensDetails)
{
    internal static AnthropicUsage AtStart(int promptTokens) => new(promptTokens, 0, 0, 0, new(0));

    internal static AnthropicUsage Of(GenerationSummary summary)
    {
        int cached = summary.CachedTokens ?? 0;
        return new(summary.PromptTokens - cached, 0, cached, summary.OutputTokens, new(summary.ReasoningTokens));
    }
}

/// <param name="ThinkingTokens">Number of output tokens that belong to the thinking.</param>
internal sealed record AnthropicOutputTokens(int ThinkingTokens);

/// <summary>Response of <c>POST /v1/messages/count_tokens</c>.</summary>
/// <param name="InputTokens">Number of tokens of the prompt. Exact if the server has the model's tokenizer, otherwise an estimate.</param>
internal sealed record AnthropicTokenCount(int InputTokens);

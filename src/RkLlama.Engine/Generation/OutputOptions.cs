using System.Text.Json;
using RkLlama.Output.StructuredJson;

namespace RkLlama.Engine.Generation;

/// <summary>How the model's output is processed for a request.</summary>
internal sealed record OutputOptions
{
    internal IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>The tools that the model may call, by name, with the schema of their parameters; <see langword="null"/> to not detect tool calls.</summary>
    internal IReadOnlyDictionary<string, JsonElement>? Tools { get; init; }

    /// <summary>Whether detected tool calls are dropped, because the request does not allow them.</summary>
    internal bool DropsToolCalls { get; init; }

    /// <summary>Whether output without a tool call is an error.</summary>
    internal bool RequiresToolCall { get; init; }

    /// <summary>Whether the reasoning is separated from the content. If false, it stays in the content, with its tags.</summary>
    internal bool SplitsReasoning { get; init; } = true;

    /// <summary>Maximum number of reasoning tokens; <see langword="null"/> for no limit except max new tokens.</summary>
    internal int? ThinkingBudget { get; init; }

    /// <summary>The JSON format that the content must have; <see langword="null"/> for text.</summary>
    internal OutputFormat? Format { get; init; }
}

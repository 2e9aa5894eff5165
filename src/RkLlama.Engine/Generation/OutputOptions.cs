using System.Text.Json;
using RkLlama.Output.StructuredJson;

namespace RkLlama.Engine.Generation;

/// <summary>How the model's output is processed for a request.</summary>
internal sealed record OutputOptions
{
    /// <summary>Texts that end the output. If there are none, those of the Modelfile apply.</summary>
    internal IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>
    /// The tools that the model may call, by name, with the schema of their parameters. <see langword="null"/> if tool calls are not detected and stay in the
    /// content.
    /// </summary>
    internal IReadOnlyDictionary<string, JsonElement>? Tools { get; init; }

    /// <summary>Whether detected tool calls are removed from the output, because the request does not allow them.</summary>
    internal bool DropsToolCalls { get; init; }

    /// <summary>Maximum number of tool calls in the output. Later calls are dropped. <see langword="null"/> for no limit.</summary>
    internal int? MaxToolCalls { get; init; }

    /// <summary>Whether the generation fails if the output contains no tool call.</summary>
    internal bool RequiresToolCall { get; init; }

    /// <summary>Whether the reasoning is separated from the content. If false, it stays in the content, between its tags.</summary>
    internal bool SplitsReasoning { get; init; } = true;

    /// <summary>Maximum number of reasoning tokens; <see langword="null"/> for no limit except max new tokens.</summary>
    internal int? ThinkingBudget { get; init; }

    /// <summary>The JSON format that the content must have; <see langword="null"/> if the content may be any text.</summary>
    internal OutputFormat? Format { get; init; }
}

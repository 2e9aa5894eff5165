using System.Text.Json;
using RkLlama.Output.ToolCalls;

namespace RkLlama.Output;

/// <summary>The settings of one <see cref="OutputPipeline"/>: properties of the model's chat template and options of the request.</summary>
internal sealed record OutputPipelineSettings
{
    internal ToolSyntax Tools { get; init; }

    /// <summary>The prompt ends with an open <c>&lt;think&gt;</c> tag, so the output starts inside the reasoning block.</summary>
    internal bool StartsInReasoning { get; init; }

    /// <summary>If false, the reasoning block and its tags stay in the content. Tool calls inside the block are never parsed.</summary>
    internal bool SplitsReasoning { get; init; } = true;

    /// <summary>Removes tool calls from the output: they become neither parts nor content.</summary>
    internal bool DropsToolCalls { get; init; }

    internal IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>The tools that the request offers; a call of any other tool is content. Null accepts every name.</summary>
    internal IReadOnlySet<string>? ToolNames { get; init; }

    /// <summary>The JSON schema of each tool's parameters. Only syntaxes that write values without types use it.</summary>
    internal IReadOnlyDictionary<string, JsonElement>? ToolSchemas { get; init; }
}

using System.Text.Json;
using RkLlama.Output.ToolCalls;

namespace RkLlama.Output;

/// <summary>The settings of one <see cref="OutputPipeline"/>: properties of the model's chat template and options of the request.</summary>
internal sealed record OutputPipelineSettings
{
    /// <summary>The syntax of the model's tool calls. <see cref="ToolSyntax.None"/> if the pipeline must not look for tool calls.</summary>
    internal ToolSyntax Tools { get; init; }

    /// <summary>Whether the prompt ends with a <c>&lt;think&gt;</c> tag. If true, the output starts inside the reasoning block.</summary>
    internal bool StartsInReasoning { get; init; }

    /// <summary>
    /// Whether the reasoning block is returned as reasoning. If false, the block and its tags are returned as content. In both cases, tool calls inside
    /// the block are not parsed.
    /// </summary>
    internal bool SplitsReasoning { get; init; } = true;

    /// <summary>Whether tool calls are removed from the output. If true, they are returned neither as tool calls nor as content.</summary>
    internal bool DropsToolCalls { get; init; }

    internal IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>The names of the tools that the request offers. A call of any other tool is returned as content. Null accepts every name.</summary>
    internal IReadOnlySet<string>? ToolNames { get; init; }

    /// <summary>
    /// The JSON schema of each tool's parameters, by the name of the tool; null if there are none. Used only for tool calls whose values are plain text
    /// (<see cref="ToolSyntax.QwenXml"/>).
    /// </summary>
    internal IReadOnlyDictionary<string, JsonElement>? ToolSchemas { get; init; }
}

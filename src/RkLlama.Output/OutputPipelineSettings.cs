using System.Collections.Frozen;
using System.Text.Json;
using RkLlama.Output.Reasoning;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output;

/// <summary>The settings of one <see cref="OutputPipeline"/>: properties of the model's chat template and options of the request.</summary>
internal sealed record OutputPipelineSettings
{
    /// <summary>The family of the model's tool calls. Null if the pipeline must not look for tool calls.</summary>
    internal ToolFamily? Tools { get; init; }

    /// <summary>The opening tag with which the prompt ends; null if there is none. With a tag, the output starts inside the reasoning block.</summary>
    internal ReasoningTag? StartTag { get; init; }

    /// <summary>
    /// The tag that the model uses; null if it is not known to reason. Its closing tag without an opening one ends reasoning that began with the output.
    /// Without a tag, only a closing tag that is alone on its line does.
    /// </summary>
    internal ReasoningTag? ModelTag { get; init; }

    /// <summary>Whether the output may begin with reasoning. False if it continues a message.</summary>
    internal bool MayBeginWithReasoning { get; init; } = true;

    /// <summary>Opening tags of reasoning and of answers that are content, because the request asks for them.</summary>
    internal IReadOnlySet<string> PlainTags { get; init; } = FrozenSet<string>.Empty;

    /// <summary>
    /// Whether the reasoning block is returned as reasoning. If false, the block and its tags are returned as content. In both cases, tool calls inside
    /// the block are not parsed.
    /// </summary>
    internal bool SplitsReasoning { get; init; } = true;

    /// <summary>Whether tool calls are removed from the output. If true, they are returned neither as tool calls nor as content.</summary>
    internal bool DropsToolCalls { get; init; }

    /// <summary>The maximum number of tool calls. Further calls are dropped.</summary>
    internal int MaxToolCalls { get; init; } = int.MaxValue;

    internal IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>The names of the tools that the request offers. A call of any other tool is returned as content. Null accepts every name.</summary>
    internal IReadOnlySet<string>? ToolNames { get; init; }

    /// <summary>
    /// The JSON schema of each tool's parameters, by the name of the tool; null if there are none. Used to find the types of values that the model wrote as
    /// plain text, and to convert scalar values to the type of the schema.
    /// </summary>
    internal IReadOnlyDictionary<string, JsonElement>? ToolSchemas { get; init; }

    /// <summary>Whether the request asks for JSON as the content. Then JSON with the name of a tool as its only member is content.</summary>
    internal bool ExpectsJson { get; init; }
}

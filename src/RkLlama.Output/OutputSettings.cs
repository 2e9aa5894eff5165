using System.Text.Json;
using RkLlama.Output.ToolCalls;

namespace RkLlama.Output;

/// <summary>What is known of an answer before it begins: the model's ways and the request's wishes.</summary>
internal sealed record OutputSettings
{
    internal ToolSyntax Tools { get; init; }

    /// <summary>The prompt ends with an open <c>&lt;think&gt;</c>: the answer begins inside the block.</summary>
    internal bool StartsInReasoning { get; init; }

    /// <summary>False leaves the block with its tags in the content; tools are not looked for inside it either way.</summary>
    internal bool SplitsReasoning { get; init; } = true;

    /// <summary>A call is neither a part nor content.</summary>
    internal bool DropsCalls { get; init; }

    internal IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>The tools that the request offered; what looks like a call of another one is content. Null: any name is a tool.</summary>
    internal IReadOnlySet<string>? ToolNames { get; init; }

    /// <summary>The JSON schema of each tool's parameters. Only syntaxes that write values without their types look at it.</summary>
    internal IReadOnlyDictionary<string, JsonElement>? ToolSchemas { get; init; }
}

using System.Text.Json;
using RkLlama.Output.StructuredJson;

namespace RkLlama.Output;

/// <summary>Options of a request that concern the form of its output.</summary>
internal sealed record OutputWishes
{
    internal IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>The tools that the model may call: name and schema of the parameters. Null disables the search for tool calls.</summary>
    internal IReadOnlyDictionary<string, JsonElement>? Tools { get; init; }

    /// <summary>Removes tool calls from the output, because the request forbids them.</summary>
    internal bool DropsCalls { get; init; }

    /// <summary>False leaves the reasoning block in the content.</summary>
    internal bool SplitsReasoning { get; init; } = true;

    /// <summary>Maximum number of reasoning tokens; null for no limit of its own.</summary>
    internal int? ThinkingBudget { get; init; }

    /// <summary>The JSON format that the content must have; null for plain text.</summary>
    internal OutputFormat? Format { get; init; }
}

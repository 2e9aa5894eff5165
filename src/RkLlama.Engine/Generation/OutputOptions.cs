using System.Text.Json;
using RkLlama.Output.StructuredJson;

namespace RkLlama.Engine.Generation;

/// <summary>How a request wants its answer to be processed.</summary>
internal sealed record OutputOptions
{
    internal IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>The tools that the answer may call, by name, with the schema of their parameters; <see langword="null"/> to look for no calls.</summary>
    internal IReadOnlyDictionary<string, JsonElement>? Tools { get; init; }

    /// <summary>Calls are detected and dropped: the request has forbidden them.</summary>
    internal bool DropsCalls { get; init; }

    /// <summary>An answer without a tool call is an error.</summary>
    internal bool RequiresToolCall { get; init; }

    /// <summary>False leaves the reasoning block, with its tags, in the text.</summary>
    internal bool SplitsReasoning { get; init; } = true;

    /// <summary>Bound of the reasoning in tokens; <see langword="null"/> for the answer's own.</summary>
    internal int? ThinkingBudget { get; init; }

    /// <summary>The JSON that the answer must be; <see langword="null"/> for text.</summary>
    internal OutputFormat? Format { get; init; }
}

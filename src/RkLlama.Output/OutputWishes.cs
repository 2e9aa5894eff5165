using System.Text.Json;
using RkLlama.Output.StructuredJson;

namespace RkLlama.Output;

/// <summary>What a request wants of the form of its answer.</summary>
internal sealed record OutputWishes
{
    internal IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>The tools that the answer may call, by name, with the schema of their parameters; null where calls are not looked for.</summary>
    internal IReadOnlyDictionary<string, JsonElement>? Tools { get; init; }

    /// <summary>Calls are looked for only to be left out: the request has forbidden them.</summary>
    internal bool DropsCalls { get; init; }

    /// <summary>False leaves the block of reasoning in the text.</summary>
    internal bool SplitsReasoning { get; init; } = true;

    /// <summary>After so many tokens of reasoning the model has to answer; null for no bound but the answer's.</summary>
    internal int? ThinkingBudget { get; init; }

    /// <summary>The JSON that the answer has to be; null for text.</summary>
    internal OutputFormat? Format { get; init; }
}

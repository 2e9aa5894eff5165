using System.Text.Json;

namespace RkLlama.Output.Text;

/// <summary>
/// Limits on the JSON that models and clients send. The limits are the same in every build and do not depend on the stack size of the thread.
/// </summary>
internal static class JsonLimits
{
    /// <summary>The maximum number of objects and arrays inside one another.</summary>
    internal const int MaxDepth = 64;

    /// <summary>
    /// The maximum number of objects and arrays inside one another in the arguments of a tool call. The messages of the APIs add up to 6 levels around them, in
    /// both directions.
    /// </summary>
    internal const int MaxArgumentsDepth = MaxDepth - 6;

    internal static JsonDocumentOptions Document { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>Returns whether the value nests deeper than <see cref="MaxDepth"/>. The check itself never recurses deeper than this limit.</summary>
    internal static bool IsTooDeep(JsonElement value) => IsDeeperThan(value, MaxDepth);

    private static bool IsDeeperThan(JsonElement value, int depth)
    {
        if (value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
            return false;
        if (depth == 0)
            return true;
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in value.EnumerateArray())
            {
                if (IsDeeperThan(item, depth - 1))
                    return true;
            }

            return false;
        }

        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (IsDeeperThan(property.Value, depth - 1))
                return true;
        }

        return false;
    }
}

using System.Text.Json;

namespace RkLlama.Output.Text;

/// <summary>Limits of all JSON that comes from a model or a client. They do not depend on the build or on the size of a thread's stack.</summary>
internal static class JsonLimits
{
    /// <summary>Nested objects and arrays.</summary>
    internal const int MaxDepth = 64;

    internal static JsonDocumentOptions Document { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>Whether the value nests deeper than <see cref="MaxDepth"/>. Looks no deeper than that itself.</summary>
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

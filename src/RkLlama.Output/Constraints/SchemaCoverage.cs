using System.Text.Json;
using RkLlama.Output.StructuredJson;

namespace RkLlama.Output.Constraints;

/// <summary>
/// Finds out whether the compiled form of a schema accepts valid documents only. If not, a document must be checked against the schema when it is complete.
/// </summary>
internal static class SchemaCoverage
{
    // Keywords whose violation the compiled form does not notice.
    private static readonly HashSet<string> Uncovered = new(StringComparer.Ordinal)
    {
        "pattern", "multipleOf", "not", "if", "contains", "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas",
    };

    private const int MaxAlternatives = 64;

    private static readonly string[] Maps = ["properties", "$defs", "definitions"];
    private static readonly string[] Schemas = ["prefixItems", "items", "additionalItems", "additionalProperties"];

    internal static bool IsComplete(JsonSchema schema) => IsCovered(schema, schema.Root);

    private static bool IsCovered(JsonSchema schema, JsonElement rule)
    {
        if (rule.ValueKind == JsonValueKind.Array)
            return rule.EnumerateArray().All(one => IsCovered(schema, one));
        if (rule.ValueKind != JsonValueKind.Object)
            return true;
        foreach (JsonProperty keyword in rule.EnumerateObject())
        {
            bool isCovered = keyword.Name switch
            {
                var name when Uncovered.Contains(name) => false,
                "uniqueItems" => keyword.Value.ValueKind != JsonValueKind.True,
                "format" => StringFormats.IsFree(keyword.Value.GetString()!),
                "oneOf" => AreDisjoint(schema, [.. keyword.Value.EnumerateArray()]) && IsCovered(schema, keyword.Value),
                var name when Maps.Contains(name) => keyword.Value.EnumerateObject().All(member => IsCovered(schema, member.Value)),
                "anyOf" or "allOf" => keyword.Value.GetArrayLength() <= MaxAlternatives && IsCovered(schema, keyword.Value),
                var name when Schemas.Contains(name) => IsCovered(schema, keyword.Value),
                _ => true,
            };
            if (!isCovered)
                return false;
        }

        return true;
    }

    /// <summary>Returns whether no value can match two of the schemas: their types differ, or a member with different values.</summary>
    private static bool AreDisjoint(JsonSchema schema, JsonElement[] rules)
    {
        // Each alternative is compared with each other one.
        if (rules.Length > MaxAlternatives)
            return false;
        JsonElement[] resolved = [.. rules.Select(rule => Resolved(schema, rule))];
        for (int i = 0; i < resolved.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (resolved[i].ValueKind != JsonValueKind.Object || resolved[j].ValueKind != JsonValueKind.Object || !AreDisjoint(resolved[i], resolved[j]))
                    return false;
            }
        }

        return true;
    }

    private static bool AreDisjoint(JsonElement one, JsonElement other)
    {
        JsonTypes types = SchemaTypes.AllowedBy([one]) & SchemaTypes.AllowedBy([other]);
        if (types == JsonTypes.None || HaveOtherValues(one, other))
            return true;
        if (types != JsonTypes.Object || !one.TryGetProperty("properties", out JsonElement members) || !other.TryGetProperty("properties", out JsonElement others))
            return false;
        HashSet<string> required = [.. SchemaTypes.Required(one).Intersect(SchemaTypes.Required(other))];
        return members.EnumerateObject().Any(member => required.Contains(member.Name)
            && others.TryGetProperty(member.Name, out JsonElement second)
            && HaveOtherValues(member.Value, second));
    }

    /// <summary>Returns whether both schemas list values, and none is in both lists.</summary>
    private static bool HaveOtherValues(JsonElement one, JsonElement other) =>
        one.ValueKind == JsonValueKind.Object && other.ValueKind == JsonValueKind.Object
        && SchemaTypes.ValuesOf([one], JsonTypes.All) is { } values && SchemaTypes.ValuesOf([other], JsonTypes.All) is { } others && !values.Intersect(others).Any();

    private static JsonElement Resolved(JsonSchema schema, JsonElement rule)
    {
        for (int hops = 0; hops < 8 && rule.ValueKind == JsonValueKind.Object && SchemaTypes.OnlyReference(rule) is { } reference; hops++)
            rule = schema.Resolve(reference);
        return rule;
    }
}

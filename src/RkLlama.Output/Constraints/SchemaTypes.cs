using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.Constraints;

/// <summary>The types of JSON schema. A number with a fraction is no integer.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Object = 4,
    Array = 8,
    String = 16,
    Integer = 32,
    Number = 64,
    All = 127,
}

/// <summary>Reads the keywords of a schema that the compiler needs.</summary>
internal static class SchemaTypes
{
    /// <summary>Returns the <c>$ref</c> of a schema that has nothing else; <see langword="null"/> for any other schema.</summary>
    internal static string? OnlyReference(JsonElement rule) =>
        rule.ValueKind == JsonValueKind.Object && rule.GetPropertyCount() == 1 && rule.TryGetProperty("$ref", out JsonElement reference) ? reference.GetString() : null;

    /// <summary>Returns the types that all schemas allow.</summary>
    internal static JsonTypes AllowedBy(IEnumerable<JsonElement> rules) => rules.Aggregate(JsonTypes.All, static (types, rule) => types & AllowedBy(rule));

    /// <summary>
    /// Returns the values that <c>enum</c> and <c>const</c> list and all schemas allow, as JSON; <see langword="null"/> if no schema lists values. Empty if
    /// none is allowed.
    /// </summary>
    internal static string[]? ValuesOf(IReadOnlyList<JsonElement> rules, JsonTypes types)
    {
        string[]? values = null;
        foreach (JsonElement rule in rules)
        {
            foreach (string keyword in (string[])["enum", "const"])
            {
                if (!rule.TryGetProperty(keyword, out JsonElement listed))
                    continue;
                IEnumerable<JsonElement> elements = keyword == "enum" ? listed.EnumerateArray() : [listed];
                string[] texts = [.. elements.Where(element => (types & TypeOf(element)) != 0).Select(TextOf).Distinct()];
                values = values is null ? texts : [.. values.Intersect(texts)];
            }
        }

        return values;
    }

    /// <summary>Returns the tightest bound of the schemas, at most <see cref="int.MaxValue"/>.</summary>
    internal static int Bound(IEnumerable<JsonElement> rules, string keyword, int none, Func<int, int, int> tighter) =>
        rules.Select(rule => Bound(rule, keyword)).OfType<double>().Aggregate(none, (bound, own) => tighter(bound, (int)Math.Min(own, int.MaxValue)));

    /// <summary>Returns a number of the schema; <see langword="null"/> if it has none with this name.</summary>
    internal static double? Bound(JsonElement rule, string keyword) =>
        rule.TryGetProperty(keyword, out JsonElement bound) && bound.ValueKind == JsonValueKind.Number ? bound.GetDouble() : null;

    internal static bool IsTrue(JsonElement rule, string keyword) => rule.TryGetProperty(keyword, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    /// <summary>Returns the names of the members that the schema requires.</summary>
    internal static IEnumerable<string> Required(JsonElement rule) =>
        rule.TryGetProperty("required", out JsonElement names) ? names.EnumerateArray().Select(static name => name.GetString()!) : [];

    /// <summary>Returns the schemas of the first items of an array, and that of the other items.</summary>
    internal static (IReadOnlyList<JsonElement> Prefix, JsonElement? Others) Items(JsonElement rule)
    {
        // Before draft 2020-12, items could be a list of schemas, and additionalItems was the schema of the other items.
        bool hasItems = rule.TryGetProperty("items", out JsonElement items);
        if (hasItems && items.ValueKind == JsonValueKind.Array)
            return ([.. items.EnumerateArray()], rule.TryGetProperty("additionalItems", out JsonElement rest) ? rest : null);
        return (rule.TryGetProperty("prefixItems", out JsonElement prefix) ? [.. prefix.EnumerateArray()] : [], hasItems ? items : null);
    }

    /// <summary>Returns the schema of the item at an index of an array; <see langword="null"/> for none.</summary>
    internal static JsonElement? ItemAt(JsonElement rule, int index)
    {
        (IReadOnlyList<JsonElement> prefix, JsonElement? rest) = Items(rule);
        return index < prefix.Count ? prefix[index] : rest;
    }

    private static JsonTypes AllowedBy(JsonElement rule)
    {
        if (!rule.TryGetProperty("type", out JsonElement type))
            return JsonTypes.All;
        JsonTypes types = type.ValueKind == JsonValueKind.Array
            ? type.EnumerateArray().Aggregate(JsonTypes.None, static (all, one) => all | Named(one))
            : Named(type);
        return IsTrue(rule, "nullable") ? types | JsonTypes.Null : types;
    }

    private static JsonTypes Named(JsonElement name) => name.GetString() switch
    {
        "null" => JsonTypes.Null,
        "boolean" => JsonTypes.Boolean,
        "object" => JsonTypes.Object,
        "array" => JsonTypes.Array,
        "string" => JsonTypes.String,
        "integer" => JsonTypes.Integer,
        _ => JsonTypes.Integer | JsonTypes.Number,
    };

    private static JsonTypes TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => JsonTypes.Null,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        JsonValueKind.Object => JsonTypes.Object,
        JsonValueKind.Array => JsonTypes.Array,
        JsonValueKind.String => JsonTypes.String,
        _ => value.GetDouble() is var number && number == Math.Floor(number) ? JsonTypes.Integer : JsonTypes.Number,
    };

    private static string TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? JsonText.Quote(value.GetString()!) : JsonText.Minify(value.GetRawText());
}

using System.Text.Json;

namespace RkLlama.Output.ToolCalls.Arguments;

/// <summary>Finds parts of the JSON schema of a tool's parameters, also through local references and alternatives.</summary>
internal static class SchemaReferences
{
    // A reference may lead to another one, or back to itself.
    private const int MaxSteps = 8;

    private static readonly string[] Alternatives = ["anyOf", "oneOf", "allOf"];

    /// <summary>Returns the schema to which a local reference leads, such as <c>#/$defs/color</c>; the schema itself if it has none.</summary>
    /// <param name="root">The schema of all parameters of the tool.</param>
    internal static JsonElement Resolve(JsonElement schema, JsonElement root)
    {
        for (int step = 0; step < MaxSteps && schema.ValueKind == JsonValueKind.Object; step++)
        {
            if (schema.TryGetProperty("$ref", out JsonElement reference) && reference.ValueKind == JsonValueKind.String && Find(root, reference.GetString()!) is { } target)
                schema = target;
            else if (!schema.TryGetProperty("type", out _) && schema.TryGetProperty("allOf", out JsonElement all) && all.ValueKind == JsonValueKind.Array && all.GetArrayLength() == 1)
                schema = all[0];
            else
                break;
        }

        return schema;
    }

    /// <summary>Returns the schema of a member of an object; null if there is none, or more than one of the alternatives has it.</summary>
    internal static JsonElement? Property(JsonElement schema, string name, JsonElement root) => Single(
        schema, root, part => part.TryGetProperty("properties", out JsonElement all) && all.ValueKind == JsonValueKind.Object && all.TryGetProperty(name, out JsonElement found)
            ? found
            : null);

    /// <summary>Returns the schema of the items of an array; null if there is none, or more than one of the alternatives has it.</summary>
    internal static JsonElement? Items(JsonElement schema, JsonElement root) => Single(
        schema, root, static part => part.TryGetProperty("items", out JsonElement items) && items.ValueKind == JsonValueKind.Object ? items : null);

    private static JsonElement? Single(JsonElement schema, JsonElement root, Func<JsonElement, JsonElement?> find)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            return null;
        if (find(schema) is { } direct)
            return Resolve(direct, root);
        JsonElement? single = null;
        foreach (string keyword in Alternatives)
        {
            if (!schema.TryGetProperty(keyword, out JsonElement parts) || parts.ValueKind != JsonValueKind.Array)
                continue;
            foreach (JsonElement part in parts.EnumerateArray().Select(part => Resolve(part, root)).Where(static part => part.ValueKind == JsonValueKind.Object))
            {
                if (find(part) is not { } found)
                    continue;
                if (single is not null)
                    return null;
                single = found;
            }
        }

        return single is { } one ? Resolve(one, root) : null;
    }

    private static JsonElement? Find(JsonElement root, string reference)
    {
        if (reference == "#")
            return root;
        if (!reference.StartsWith("#/", StringComparison.Ordinal))
            return null;
        JsonElement current = root;
        foreach (string part in reference[2..].Split('/'))
        {
            string name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (current.ValueKind != JsonValueKind.Object || !current.TryGetProperty(name, out current))
                return null;
        }

        return current;
    }
}

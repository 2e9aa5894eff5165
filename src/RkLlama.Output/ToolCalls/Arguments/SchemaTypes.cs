using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Arguments;

/// <summary>The types that the JSON schema of a parameter allows.</summary>
internal static class SchemaTypes
{
    /// <summary>
    /// Returns the types that the schema names in its keywords type, enum, anyOf and oneOf. Empty if it names none, or if there is no schema: every type is
    /// allowed. The keywords of one level of alternatives are read.
    /// </summary>
    /// <param name="root">The schema in which local references are found; null if there is none.</param>
    internal static HashSet<string> Of(JsonElement? schema, JsonElement? root = null)
    {
        HashSet<string> types = [];
        if (schema is { ValueKind: JsonValueKind.Object } parameter)
            Add(parameter, root, types, mayNest: true);
        return types;
    }

    private static void Add(JsonElement reference, JsonElement? root, HashSet<string> types, bool mayNest)
    {
        JsonElement schema = root is { } whole ? SchemaReferences.Resolve(reference, whole) : reference;
        if (schema.ValueKind != JsonValueKind.Object)
            return;
        if (schema.TryGetProperty("type", out JsonElement type))
        {
            foreach (JsonElement name in type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().ToArray() : [type])
            {
                if (name.ValueKind == JsonValueKind.String)
                    types.Add(name.GetString()!);
            }
        }

        if (schema.TryGetProperty("enum", out JsonElement values) && values.ValueKind == JsonValueKind.Array)
            types.UnionWith(values.EnumerateArray().Select(static value => JsonText.TypeName(value.ValueKind)));

        foreach (string keyword in mayNest ? (string[])["anyOf", "oneOf"] : [])
        {
            if (!schema.TryGetProperty(keyword, out JsonElement choices) || choices.ValueKind != JsonValueKind.Array)
                continue;
            foreach (JsonElement choice in choices.EnumerateArray().Where(static choice => choice.ValueKind == JsonValueKind.Object))
                Add(choice, root, types, mayNest: false);
        }
    }
}

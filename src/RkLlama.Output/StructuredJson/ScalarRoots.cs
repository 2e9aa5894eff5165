using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.StructuredJson;

/// <summary>Finds out whether a schema asks for a scalar: a string, a number, a boolean or null.</summary>
internal static class ScalarRoots
{
    // The number of schemas inside one another that are searched. It also ends the search in a schema that refers to itself.
    private const int MaxDepth = 8;

    /// <summary>
    /// Returns whether the schema names a scalar as its value: in type, enum or const, or in a schema that it combines or refers to. A schema without these
    /// keywords does not ask for a scalar, although it allows one.
    /// </summary>
    internal static bool AsksForScalar(JsonSchema schema) => AsksForScalar(schema, schema.Root, MaxDepth);

    private static bool AsksForScalar(JsonSchema schema, JsonElement at, int depth)
    {
        if (depth == 0 || at.ValueKind != JsonValueKind.Object)
            return false;
        if (at.TryGetProperty("type", out JsonElement type) && (type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Any(IsScalarType) : IsScalarType(type)))
            return true;
        if (at.TryGetProperty("const", out JsonElement value) && IsScalar(value))
            return true;
        if (at.TryGetProperty("enum", out JsonElement values) && values.EnumerateArray().Any(IsScalar))
            return true;
        if (at.TryGetProperty("$ref", out JsonElement reference) && AsksForScalar(schema, schema.Resolve(reference.GetString()!), depth - 1))
            return true;
        foreach (string keyword in (string[])["anyOf", "oneOf", "allOf"])
        {
            if (at.TryGetProperty(keyword, out JsonElement choices) && choices.EnumerateArray().Any(choice => AsksForScalar(schema, choice, depth - 1)))
                return true;
        }

        return false;
    }

    private static bool IsScalarType(JsonElement name) => name.GetString() is not ("object" or "array");

    private static bool IsScalar(JsonElement value) => JsonText.TypeName(value.ValueKind) is not ("object" or "array");
}

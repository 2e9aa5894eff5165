using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>Finds the JSON for a parameter that the model wrote as bare text.</summary>
internal static class ParameterJson
{
    /// <summary>
    /// The text as a value of a type that the schema allows, else as a string. Without a schema, or with one that names no type, whatever
    /// reads as JSON other than a string is taken for that.
    /// </summary>
    internal static string From(string text, JsonElement? schema)
    {
        HashSet<string> types = [];
        if (schema is { ValueKind: JsonValueKind.Object } parameter)
            AddTypes(parameter, types, mayNest: true);
        if (types.Count == 1 && types.Contains("string"))
            return CompactJson.Quote(text);

        string value = text.Trim() switch
        {
            // Templates write the values of earlier calls as Python does, and models follow.
            "True" => "true",
            "False" => "false",
            "None" => "null",
            string trimmed => trimmed,
        };
        return TypeOf(value) is { } type && (types.Count == 0 || types.Contains(type) || (type == "number" && types.Contains("integer")))
            ? CompactJson.Of(value)
            : CompactJson.Quote(text);
    }

    private static void AddTypes(JsonElement schema, HashSet<string> types, bool mayNest)
    {
        if (schema.TryGetProperty("type", out JsonElement type))
        {
            foreach (JsonElement name in type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().ToArray() : [type])
            {
                if (name.ValueKind == JsonValueKind.String)
                    types.Add(name.GetString()!);
            }
        }

        if (schema.TryGetProperty("enum", out JsonElement values) && values.ValueKind == JsonValueKind.Array)
            types.UnionWith(values.EnumerateArray().Select(value => NameOf(value.ValueKind)));

        foreach (string keyword in mayNest ? (string[])["anyOf", "oneOf"] : [])
        {
            if (!schema.TryGetProperty(keyword, out JsonElement choices) || choices.ValueKind != JsonValueKind.Array)
                continue;
            foreach (JsonElement choice in choices.EnumerateArray().Where(choice => choice.ValueKind == JsonValueKind.Object))
                AddTypes(choice, types, mayNest: false);
        }
    }

    /// <returns>The type as a schema names it; null for what is no JSON, and for a JSON string: strings are written without quotes.</returns>
    private static string? TypeOf(string value)
    {
        // Most values are words: they are not worth an exception each.
        if (value.Length == 0 || !(value[0] is '{' or '[' or '-' or 't' or 'f' or 'n' || char.IsAsciiDigit(value[0])))
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(value, ToolCallReader.JsonLimits);
            return NameOf(document.RootElement.ValueKind);
        }
        catch (Exception ex) when (ex is JsonException or ArgumentException)
        {
            return null;
        }
    }

    private static string NameOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Null => "null",
        _ => "string",
    };
}

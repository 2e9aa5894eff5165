using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>Converts the value of a tool parameter, which the model wrote as plain text, to JSON.</summary>
internal static class ParameterValue
{
    /// <summary>
    /// If the text is JSON (or True, False or None) of a type that the schema allows, returns this value as minified JSON. Otherwise returns the text as a JSON
    /// string. If the schema is null or names no type, every type is allowed. Text in quotes becomes a string that contains the quotes.
    /// </summary>
    /// <param name="schema">The JSON schema of the parameter. The types are read from its keywords type, enum, anyOf and oneOf.</param>
    internal static string ToJson(string text, JsonElement? schema)
    {
        HashSet<string> types = [];
        if (schema is { ValueKind: JsonValueKind.Object } parameter)
            AddTypes(parameter, types, mayNest: true);
        if (types.Count == 1 && types.Contains("string"))
            return JsonText.Quote(text);

        string value = text.Trim() switch
        {
            // Chat templates write earlier calls with Python constants, and models copy them.
            "True" => "true",
            "False" => "false",
            "None" => "null",
            string trimmed => trimmed,
        };
        return TypeOf(value) is { } type && (types.Count == 0 || types.Contains(type) || (type == "number" && types.Contains("integer")))
            ? JsonText.Minify(value)
            : JsonText.Quote(text);
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
            types.UnionWith(values.EnumerateArray().Select(static value => JsonText.TypeName(value.ValueKind)));

        foreach (string keyword in mayNest ? (string[])["anyOf", "oneOf"] : [])
        {
            if (!schema.TryGetProperty(keyword, out JsonElement choices) || choices.ValueKind != JsonValueKind.Array)
                continue;
            foreach (JsonElement choice in choices.EnumerateArray().Where(static choice => choice.ValueKind == JsonValueKind.Object))
                AddTypes(choice, types, mayNest: false);
        }
    }

    /// <returns>
    /// The type of the JSON text, as a JSON schema names it; null if the text is not JSON or is a JSON string. A JSON string is not accepted, because models
    /// write strings without quotes: quotes are part of the value.
    /// </returns>
    private static string? TypeOf(string value)
    {
        // Most values are words. The check of the first character avoids an exception for each word.
        if (value.Length == 0 || !(value[0] is '{' or '[' or '-' or 't' or 'f' or 'n' || char.IsAsciiDigit(value[0])))
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(value, JsonLimits.Document);
            return JsonText.TypeName(document.RootElement.ValueKind);
        }
        catch (Exception ex) when (ex is JsonException or ArgumentException)
        {
            return null;
        }
    }
}

using System.Text.Json;
using System.Text.RegularExpressions;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// A JSON schema of a request, in the parts of drafts 4 to 2020-12 that describe one document by itself. Own code, because clients write schemas
/// and models write what is checked against them: every check is bounded in steps, depth and time, and no word of a client's ends the process or
/// holds a thread.
/// </summary>
internal sealed class JsonSchema
{
    // What says nothing of a value, or is read together with another keyword.
    private static readonly HashSet<string> Silent = new(StringComparer.Ordinal)
    {
        "$schema", "$id", "id", "$comment", "$anchor", "$vocabulary", "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
        "nullable", "contentEncoding", "contentMediaType", "contentSchema", "discriminator", "xml", "externalDocs", "minContains", "maxContains", "strict", "name",
    };

    private static readonly HashSet<string> Values = new(StringComparer.Ordinal)
    {
        "$ref", "type", "enum", "const", "required", "format", "pattern", "dependentRequired", "uniqueItems",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
    };

    private static readonly HashSet<string> Schemas = new(StringComparer.Ordinal)
    {
        "additionalProperties", "propertyNames", "items", "additionalItems", "contains", "not", "if", "then", "else",
    };

    private static readonly HashSet<string> SchemaLists = new(StringComparer.Ordinal) { "allOf", "anyOf", "oneOf", "prefixItems" };

    private static readonly HashSet<string> SchemaMaps = new(StringComparer.Ordinal) { "properties", "patternProperties", "dependentSchemas", "$defs", "definitions" };

    private static readonly string[] Types = ["null", "boolean", "object", "array", "number", "string", "integer"];

    private const int LongestPattern = 1024;

    private readonly Dictionary<string, Regex> _patterns = new(StringComparer.Ordinal);

    private JsonSchema(JsonElement root) => Root = root;

    internal JsonElement Root { get; }

    /// <param name="root">Kept; not owned.</param>
    /// <exception cref="JsonSchemaException">It is none, or it needs what is not known here; a schema that would be half obeyed is refused.</exception>
    internal static JsonSchema Read(JsonElement root)
    {
        JsonSchema schema = new(root);
        schema.Learn(root, "#");
        return schema;
    }

    /// <summary>What keeps the value from fitting, in words for the model and the client; nothing when it fits.</summary>
    internal IReadOnlyList<string> Check(JsonElement value) => new SchemaCheck(this).Check(value);

    /// <summary>The schema that a reference means.</summary>
    internal JsonElement? Resolve(string reference)
    {
        if (!reference.StartsWith('#') || (reference.Length > 1 && reference[1] != '/'))
            return null;
        JsonElement at = Root;
        foreach (string part in reference.Split('/').Skip(1))
        {
            string name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind == JsonValueKind.Array && int.TryParse(name, out int index) && index >= 0 && index < at.GetArrayLength())
                at = at[index];
            else if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
                return null;
        }

        return at.ValueKind is JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False ? at : null;
    }

    internal Regex Pattern(string pattern) => _patterns[pattern];

    private void Learn(JsonElement schema, string at)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return;
        if (schema.ValueKind != JsonValueKind.Object)
            throw new JsonSchemaException($"{at} must be a schema: an object, true or false");
        foreach (JsonProperty keyword in schema.EnumerateObject())
            LearnKeyword(keyword.Name, keyword.Value, $"{at}/{keyword.Name}");
    }

    private void LearnKeyword(string name, JsonElement value, string at)
    {
        if (name == "items" && value.ValueKind == JsonValueKind.Array)
            LearnList(value, at);
        else if (Schemas.Contains(name))
            Learn(value, at);
        else if (SchemaLists.Contains(name))
            LearnList(value, at);
        else if (SchemaMaps.Contains(name))
            LearnMap(name, value, at);
        else if (Values.Contains(name))
            LearnValue(name, value, at);
        else if (!Silent.Contains(name) && !name.StartsWith("x-", StringComparison.Ordinal))
            throw new JsonSchemaException($"{at}: the keyword '{name}' is not supported");
    }

    private void LearnList(JsonElement list, string at)
    {
        if (list.ValueKind != JsonValueKind.Array)
            throw new JsonSchemaException($"{at} must be an array of schemas");
        foreach ((int index, JsonElement item) in list.EnumerateArray().Index())
            Learn(item, $"{at}/{index}");
    }

    private void LearnMap(string name, JsonElement map, string at)
    {
        if (map.ValueKind != JsonValueKind.Object)
            throw new JsonSchemaException($"{at} must be an object of schemas");
        foreach (JsonProperty member in map.EnumerateObject())
        {
            if (name == "patternProperties")
                LearnPattern(member.Name, at);
            Learn(member.Value, $"{at}/{member.Name}");
        }
    }

    private void LearnValue(string name, JsonElement value, string at)
    {
        bool isRight = name switch
        {
            "$ref" => value.ValueKind == JsonValueKind.String && Resolve(value.GetString()!) is not null,
            "type" => IsType(value) || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value.EnumerateArray().All(IsType)),
            "enum" => value.ValueKind == JsonValueKind.Array,
            "required" => IsNames(value),
            "dependentRequired" => value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(static member => IsNames(member.Value)),
            "format" or "pattern" => value.ValueKind == JsonValueKind.String,
            "const" => true,
            "uniqueItems" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,

            // Draft 4 has true and false for the bounds that exclude.
            "exclusiveMinimum" or "exclusiveMaximum" => value.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False,
            "multipleOf" => value.ValueKind == JsonValueKind.Number && value.GetDouble() > 0,
            "minimum" or "maximum" => value.ValueKind == JsonValueKind.Number,
            _ => value.ValueKind == JsonValueKind.Number && value.GetDouble() >= 0,
        };
        if (!isRight)
            throw new JsonSchemaException(name == "$ref" ? $"{at} must refer to a schema within this one, as in #/$defs/name" : $"{at} has no value that '{name}' can have");
        if (name == "pattern")
            LearnPattern(value.GetString()!, at);
    }

    private static bool IsType(JsonElement value) => value.ValueKind == JsonValueKind.String && Types.Contains(value.GetString());

    private static bool IsNames(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(static item => item.ValueKind == JsonValueKind.String);

    private void LearnPattern(string pattern, string at)
    {
        if (_patterns.ContainsKey(pattern))
            return;
        if (pattern.Length > LongestPattern)
            throw new JsonSchemaException($"{at}: the pattern is longer than {LongestPattern} characters");
        try
        {
            _patterns[pattern] = new(pattern, RegexOptions.CultureInvariant, SchemaCheck.PatternTime);
        }
        catch (Exception ex) when (ex is ArgumentException or InsufficientExecutionStackException)
        {
            throw new JsonSchemaException($"{at}: the pattern is no regular expression");
        }
    }
}

/// <summary>A schema that cannot be used; the message says where and why.</summary>
internal sealed class JsonSchemaException(string message) : Exception(message);

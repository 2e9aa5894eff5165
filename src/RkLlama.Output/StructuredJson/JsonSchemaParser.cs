using System.Text.Json;
using RkLlama.Output.Patterns;
using RkLlama.Output.Text;
using RkLlama.Prompts;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Checks that every keyword of a schema is supported and has a valid value. If one is not, refuses the whole schema, so that no restriction is ignored.
/// </summary>
/// <param name="cpu">The processor time to parse the schema, with the rest of its request.</param>
internal sealed class JsonSchemaParser(JsonElement root, CpuBudget cpu)
{
    internal const int MaxPatternLength = 1024;

    /// <summary>The maximum number of opening parentheses and brackets in one pattern. It also limits how deeply the pattern nests.</summary>
    internal const int MaxPatternGroups = 100;

    /// <summary>The maximum number of different patterns in one schema.</summary>
    internal const int MaxPatterns = 100;

    /// <summary>The maximum size of all patterns together, see <see cref="Pattern.Size"/>. It limits their memory.</summary>
    internal const int MaxPatternSize = 10 * Pattern.MaxSize;

    /// <summary>The maximum number of different <c>$ref</c> in one schema. Each one is looked up in the whole schema.</summary>
    internal const int MaxReferences = 1000;

    // Keywords that do not restrict a value, or that the validator reads together with another keyword.
    private static readonly HashSet<string> Annotations = new(StringComparer.Ordinal)
    {
        "$schema", "$id", "id", "$comment", "$anchor", "$vocabulary", "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
        "nullable", "contentEncoding", "contentMediaType", "contentSchema", "discriminator", "xml", "externalDocs", "minContains", "maxContains", "strict", "name",
    };

    private static readonly HashSet<string> Assertions = new(StringComparer.Ordinal)
    {
        "$ref", "type", "enum", "const", "required", "format", "pattern", "dependentRequired", "uniqueItems",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
    };

    private static readonly HashSet<string> Subschemas = new(StringComparer.Ordinal)
    {
        "additionalProperties", "propertyNames", "items", "additionalItems", "contains", "not", "if", "then", "else",
    };

    private static readonly HashSet<string> SubschemaLists = new(StringComparer.Ordinal) { "allOf", "anyOf", "oneOf", "prefixItems" };

    private static readonly HashSet<string> SubschemaMaps = new(StringComparer.Ordinal) { "properties", "patternProperties", "dependentSchemas", "$defs", "definitions" };

    private static readonly string[] Types = ["null", "boolean", "object", "array", "number", "string", "integer"];

    // The number of schemas and keywords between two checks of the processor time and of cancellation.
    private const int StepsPerCheck = 64;

    private readonly JsonPointer _at = new("#");
    private readonly Dictionary<string, JsonElement> _references = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Pattern> _patterns = new(StringComparer.Ordinal);
    private int _steps;
    private int _patternSize;

    /// <exception cref="JsonSchemaException">
    /// The schema is invalid, contains a keyword that is not supported, or takes too much processor time.
    /// </exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal JsonSchema Parse()
    {
        // Checked first, because ParseSchema recurses once per level of the schema.
        if (JsonLimits.IsTooDeep(root))
            throw new JsonSchemaException($"# nests deeper than {JsonLimits.MaxDepth} levels");
        ParseSchema(root);
        return new(root, _references, _patterns);
    }

    private void ParseSchema(JsonElement schema)
    {
        Step();
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return;
        if (schema.ValueKind != JsonValueKind.Object)
            throw new JsonSchemaException($"{_at} must be a schema: an object, true or false");
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            Step();
            _at.Enter(keyword.Name);
            ParseKeyword(keyword.Name, keyword.Value);
            _at.Leave();
        }
    }

    private void ParseKeyword(string name, JsonElement value)
    {
        if (name == "items" && value.ValueKind == JsonValueKind.Array)
            ParseList(value);
        else if (Subschemas.Contains(name))
            ParseSchema(value);
        else if (SubschemaLists.Contains(name))
            ParseList(value);
        else if (SubschemaMaps.Contains(name))
            ParseMap(name, value);
        else if (Assertions.Contains(name))
            ParseAssertion(name, value);
        else if (!Annotations.Contains(name) && !name.StartsWith("x-", StringComparison.Ordinal))
            throw new JsonSchemaException($"{_at}: the keyword '{name}' is not supported");
    }

    private void ParseList(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
            throw new JsonSchemaException($"{_at} must be an array of schemas");
        foreach ((int index, JsonElement item) in list.EnumerateArray().Index())
        {
            _at.Enter(index);
            ParseSchema(item);
            _at.Leave();
        }
    }

    private void ParseMap(string name, JsonElement map)
    {
        if (map.ValueKind != JsonValueKind.Object)
            throw new JsonSchemaException($"{_at} must be an object of schemas");
        foreach (JsonProperty member in map.EnumerateObject())
        {
            if (name == "patternProperties")
                ParsePattern(member.Name);
            _at.Enter(member.Name);
            ParseSchema(member.Value);
            _at.Leave();
        }
    }

    private void ParseAssertion(string name, JsonElement value)
    {
        if (name == "$ref")
        {
            ParseReference(value);
            return;
        }

        bool isValid = name switch
        {
            "type" => IsType(value) || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value.EnumerateArray().All(IsType)),
            "enum" => value.ValueKind == JsonValueKind.Array,
            "required" => IsNames(value),
            "dependentRequired" => value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(static member => IsNames(member.Value)),
            "format" or "pattern" => value.ValueKind == JsonValueKind.String,
            "const" => true,
            "uniqueItems" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,

            // In draft 4 these are booleans.
            "exclusiveMinimum" or "exclusiveMaximum" => value.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False,
            "multipleOf" => value.ValueKind == JsonValueKind.Number && value.GetDouble() > 0,
            "minimum" or "maximum" => value.ValueKind == JsonValueKind.Number,
            _ => value.ValueKind == JsonValueKind.Number && value.GetDouble() >= 0,
        };
        if (!isValid)
            throw new JsonSchemaException($"{_at} has no value that '{name}' can have");
        if (name == "pattern")
            ParsePattern(value.GetString()!);
    }

    private void ParseReference(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String && _references.ContainsKey(value.GetString()!))
            return;
        CheckTime();
        if (_references.Count == MaxReferences)
            throw new JsonSchemaException($"{_at}: the schema has more than {MaxReferences} different references");
        if (value.ValueKind != JsonValueKind.String || Find(value.GetString()!) is not { } target)
            throw new JsonSchemaException($"{_at} must refer to a schema within this one, as in #/$defs/name");
        _references[value.GetString()!] = target;
    }

    /// <summary>Returns the schema that a reference such as <c>#/$defs/name</c> refers to; null if this document does not contain it.</summary>
    private JsonElement? Find(string reference)
    {
        if (!reference.StartsWith('#') || (reference.Length > 1 && reference[1] != '/'))
            return null;
        JsonElement at = root;
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

    private static bool IsType(JsonElement value) => value.ValueKind == JsonValueKind.String && Types.Contains(value.GetString());

    private static bool IsNames(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(static item => item.ValueKind == JsonValueKind.String);

    private void ParsePattern(string pattern)
    {
        if (_patterns.ContainsKey(pattern))
            return;
        CheckTime();
        if (_patterns.Count == MaxPatterns)
            throw new JsonSchemaException($"{_at}: the schema has more than {MaxPatterns} different patterns");
        if (pattern.Length > MaxPatternLength)
            throw new JsonSchemaException($"{_at}: the pattern is longer than {MaxPatternLength} characters");
        if (pattern.Count(static c => c is '(' or '[') > MaxPatternGroups)
            throw new JsonSchemaException($"{_at}: the pattern has more than {MaxPatternGroups} groups and character classes");
        try
        {
            Pattern compiled = Pattern.Compile(pattern);
            _patternSize += compiled.Size;
            _patterns[pattern] = compiled;
        }
        catch (PatternException ex)
        {
            throw new JsonSchemaException($"{_at}: the pattern {ex.Message}");
        }

        if (_patternSize > MaxPatternSize)
            throw new JsonSchemaException($"{_at}: the patterns of the schema are too large together");
    }

    private void Step()
    {
        if (++_steps % StepsPerCheck == 0)
            CheckTime();
    }

    private void CheckTime()
    {
        if (cpu.IsExceeded())
            throw new JsonSchemaException("it takes too long to read");
    }
}

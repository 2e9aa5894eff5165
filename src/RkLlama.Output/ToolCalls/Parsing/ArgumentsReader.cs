using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.ToolCalls.Arguments;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>Reads the arguments of a tool call in JSON, when the name of the tool is known.</summary>
internal sealed class ArgumentsReader(ToolCallReader reader)
{
    // The members of a schema of parameters.
    private static readonly string[] SchemaKeywords = ["type", "properties", "required", "additionalProperties", "$schema", "$defs", "description", "title", "strict"];
    private static readonly string[] PairNames = ["name", "key", "parameter", "argument"];
    private static readonly string[] Types = ["string", "integer", "number", "boolean", "array", "object", "null"];

    /// <summary>
    /// Returns the arguments as a minified JSON object. Accepts an object, an object in an array or in a string, a list of pairs of name and value, and null, a
    /// blank string or an empty array for no arguments. Returns null for all other values, and for the schema of the parameters.
    /// </summary>
    internal string? Read(string tool, JsonElement arguments)
    {
        switch (arguments.ValueKind)
        {
            case JsonValueKind.Object:
                return ValuesInSchema(tool, arguments) ?? (IsSchema(tool, arguments) ? null : ReadObject(tool, arguments));
            case JsonValueKind.Null:
                return "{}";
            case JsonValueKind.Array when arguments.GetArrayLength() == 0:
                return "{}";
            case JsonValueKind.Array when arguments.EnumerateArray().All(item => PairIn(tool, item) is not null):
                return ReadPairs(tool, arguments);
            case JsonValueKind.Array when arguments.GetArrayLength() == 1 && arguments[0].ValueKind == JsonValueKind.Object:
                return Read(tool, arguments[0]);
            case JsonValueKind.String when string.IsNullOrWhiteSpace(arguments.GetString()):
                return "{}";
            case JsonValueKind.String:
                return ReadText(tool, arguments.GetString()!, mayNest: true);
            default:
                return null;
        }
    }

    /// <summary>Returns whether an object has only parameters of the tool, and all that it must have. Without a schema, every object has.</summary>
    internal bool FitsParameters(string tool, string arguments) => !reader.HasSchema(tool) || ToolCallReader.TryParse(arguments, root =>
    {
        IReadOnlyList<string> parameters = reader.Parameters(tool);
        return root.EnumerateObject().All(member => parameters.Contains(member.Name)) && reader.Required(tool).All(name => root.TryGetProperty(name, out _));
    });

    /// <summary>Returns whether the arguments are no values, but the types of the parameters, or have other names: the model describes the tool.</summary>
    internal bool IsDescription(string tool, string arguments) => !FitsParameters(tool, arguments) || !ToolCallReader.TryParse(
        arguments, static root => root.EnumerateObject().Any(static member => member.Value.ValueKind != JsonValueKind.String || !Types.Contains(member.Value.GetString())));

    /// <summary>Reads arguments in a string: JSON with the same mistakes as an object, in a fence, without its first or last bracket, or in one more string.</summary>
    private string? ReadText(string tool, string value, bool mayNest)
    {
        string text = JsonRepair.WithoutFence(value);
        string? json = null;
        if (ToolCallReader.TryParse(text, Read) || (Closed(text) is { } closed && ToolCallReader.TryParse(closed, Read)))
            return json;
        if (text is not ['"', ..])
            return null;
        if (mayNest && ToolCallReader.TryParse($"[{text}]", list => list.GetArrayLength() == 1 && (json = ReadText(tool, list[0].GetString()!, mayNest: false)) is not null))
            return json;
        return Closed("{" + text) is { } opened && ToolCallReader.TryParse(opened, Read) ? json : null;

        bool Read(JsonElement root) => (json = root.ValueKind == JsonValueKind.Object ? this.Read(tool, root) : null) is not null;
    }

    /// <summary>Returns JSON with the closing brackets that are missing at its end; null if anything else is missing.</summary>
    private static string? Closed(string text)
    {
        PartialJsonScanner scanner = new();
        return text.All(c => scanner.Feed(c) != JsonScanStatus.Invalid) ? scanner.WithClosingBrackets() : null;
    }

    /// <summary>
    /// If the members are not all parameters of the tool, the object may be a whole call of it, or have one member with all arguments.
    /// </summary>
    private string? ReadObject(string tool, JsonElement arguments)
    {
        JsonProperty[] members = [.. arguments.EnumerateObject()];
        IReadOnlyList<string> parameters = reader.Parameters(tool);
        if (members.Length == 0 || (parameters.Count > 0 && Array.TrueForAll(members, member => parameters.Contains(member.Name))))
            return reader.Fit(tool, arguments);
        List<ParsedToolCall> found = [];
        if (new CallObjectReader(reader, needsArguments: true, isMarked: true, found).TryRead(arguments) && found is [var call] && call.Name == tool)
            return call.Arguments;
        return parameters.Count > 0 && members is [var member] && ToolCallFields.IsArguments(member.Name)
            && member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.String && Read(tool, member.Value) is { } inner
                ? inner
                : reader.Fit(tool, arguments);
    }

    /// <summary>Reads a list of pairs; returns null if a name occurs twice or is no parameter of the tool.</summary>
    private string? ReadPairs(string tool, JsonElement list)
    {
        IReadOnlyList<string> parameters = reader.Parameters(tool);
        OrderedDictionary<string, string> arguments = [];
        foreach (JsonElement item in list.EnumerateArray())
        {
            (string name, string value) = PairIn(tool, item)!.Value;
            if ((reader.HasSchema(tool) && !parameters.Contains(name)) || !arguments.TryAdd(name, value))
                return null;
        }

        using JsonDocument document = JsonDocument.Parse(ParameterValue.ToObject(arguments));
        return reader.Fit(tool, document.RootElement);
    }

    /// <summary>Returns the name of a parameter and its value as JSON, if an object has nothing else; null if not.</summary>
    private (string Name, string Value)? PairIn(string tool, JsonElement item)
    {
        JsonProperty[] members = item.ValueKind == JsonValueKind.Object ? [.. item.EnumerateObject().Where(static member => member.Name != "type")] : [];
        int name = Array.FindIndex(members, static member => PairNames.Contains(member.Name) && member.Value.ValueKind == JsonValueKind.String);
        int value = Array.FindIndex(members, static member => member.Name == "value");
        return members.Length == 2 && name >= 0 && value >= 0 && !Array.TrueForAll(members, member => reader.Parameters(tool).Contains(member.Name))
            ? (members[name].Value.GetString()!, members[value].Value.GetRawText())
            : null;
    }

    /// <summary>
    /// Returns the arguments that the model has written into a copy of the schema: as the values of <c>properties</c>, or as the member <c>value</c> beside the type
    /// of each. Null if there are none.
    /// </summary>
    private string? ValuesInSchema(string tool, JsonElement arguments)
    {
        IReadOnlyList<string> parameters = reader.Parameters(tool);
        bool isInProperties = !parameters.Contains("properties") && arguments.TryGetProperty("properties", out JsonElement properties) && properties.ValueKind == JsonValueKind.Object;
        JsonElement values = isInProperties ? arguments.GetProperty("properties") : arguments;
        if (!values.EnumerateObject().Any() || !values.EnumerateObject().All(member => parameters.Contains(member.Name)))
            return null;
        OrderedDictionary<string, string> found = [];
        bool hasValues = false;
        foreach (JsonProperty member in values.EnumerateObject())
        {
            bool isValue = member.Value.ValueKind == JsonValueKind.Object && !MayBeObject(tool, member.Name) && member.Value.TryGetProperty("value", out _);
            bool isScalar = isInProperties && member.Value.ValueKind != JsonValueKind.Object;
            hasValues |= isValue || isScalar;
            if (!isValue && isInProperties && !isScalar)
                return null;
            found[member.Name] = (isValue ? member.Value.GetProperty("value") : member.Value).GetRawText();
        }

        if (!hasValues)
            return null;
        using JsonDocument document = JsonDocument.Parse(ParameterValue.ToObject(found));
        return reader.Fit(tool, document.RootElement);
    }

    /// <summary>Returns whether the object is the schema of the tool's parameters, or of its properties: the model lists its tools.</summary>
    private bool IsSchema(string tool, JsonElement value)
    {
        IReadOnlyList<string> parameters = reader.Parameters(tool);
        bool hasProperties = value.TryGetProperty("properties", out JsonElement properties) && properties.ValueKind == JsonValueKind.Object;
        bool isObject = value.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("object");
        if (isObject && hasProperties)
            return !parameters.Contains("properties");
        if (!parameters.Any(SchemaKeywords.Contains) && (isObject || hasProperties) && value.EnumerateObject().All(static member => SchemaKeywords.Contains(member.Name)))
            return true;
        return parameters.Count > 0 && value.EnumerateObject().Any() && value.EnumerateObject().All(member => IsSchemaOfScalar(member) && !MayBeObject(tool, member.Name));
    }

    private static bool IsSchemaOfScalar(JsonProperty member) =>
        member.Value.ValueKind == JsonValueKind.Object
        && member.Value.TryGetProperty("type", out JsonElement type)
        && type.ValueKind == JsonValueKind.String
        && Types.Contains(type.GetString())
        && !member.Value.TryGetProperty("value", out _);

    private bool MayBeObject(string tool, string parameter) =>
        reader.Schema(tool, parameter) is not null && reader.Types(tool, parameter) is var types && (types.Count == 0 || types.Contains("object"));
}

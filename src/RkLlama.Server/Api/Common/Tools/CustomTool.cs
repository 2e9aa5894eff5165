using System.Text.Json;

namespace RkLlama.Server.Api.Common.Tools;

/// <summary>
/// Custom tools of the OpenAI API: their input is any text, not a JSON object. Models know only functions, so the model sees a function with one parameter
/// <c>input</c>.
/// </summary>
internal static class CustomTool
{
    private const string Input = "input";

    private static readonly JsonElement Parameters = JsonElement.Parse(
        """{"type":"object","properties":{"input":{"type":"string","description":"The input of the tool, as plain text."}},"required":["input"]}""");

    /// <summary>Returns the function that stands for a custom tool.</summary>
    /// <param name="tool">The object that has the name, the description and the format of the tool.</param>
    internal static JsonElement FunctionOf(JsonElement tool, string name)
    {
        Dictionary<string, JsonElement> function = new(StringComparer.Ordinal) { ["name"] = TextOf(name) };
        if (DescriptionOf(tool) is { Length: > 0 } description)
            function["description"] = TextOf(description);
        function["parameters"] = Parameters;
        return JsonSerializer.SerializeToElement(new NestedTool("function", function), ToolJson.Wire.NestedTool);
    }

    /// <summary>Returns the arguments of the function for an input of the custom tool.</summary>
    internal static JsonElement ArgumentsOf(string input) =>
        JsonSerializer.SerializeToElement(new Dictionary<string, string>(StringComparer.Ordinal) { [Input] = input }, ToolJson.Wire.DictionaryStringString);

    /// <summary>Returns the input of the custom tool for a call of the function.</summary>
    /// <param name="arguments">
    /// The arguments as the model wrote them: a JSON object with the parameter. A model may give the parameter another name. All other arguments are the input
    /// themselves.
    /// </param>
    internal static string InputOf(string arguments)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(arguments);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return json.RootElement.ValueKind == JsonValueKind.String ? json.RootElement.GetString()! : arguments;
            if (json.RootElement.TryGetProperty(Input, out JsonElement input) && input.ValueKind == JsonValueKind.String)
                return input.GetString()!;
            JsonProperty[] fields = [.. json.RootElement.EnumerateObject().Take(2)];
            return fields is [{ Value.ValueKind: JsonValueKind.String } only] ? only.Value.GetString()! : arguments;
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException)
        {
            // Not JSON, or a text with a lone surrogate.
            return arguments;
        }
    }

    /// <summary>Returns the description of the tool. If the tool has a grammar, it follows, because the server cannot enforce it.</summary>
    private static string? DescriptionOf(JsonElement tool)
    {
        string? description = StringOf(tool, "description");
        if (tool.TryGetProperty("format", out JsonElement format) && format.ValueKind == JsonValueKind.Object)
        {
            // In chat completions, the grammar is one level deeper.
            JsonElement owner = format.TryGetProperty("grammar", out JsonElement nested) && nested.ValueKind == JsonValueKind.Object ? nested : format;
            if (StringOf(owner, "definition") is { } definition)
                return $"{description}\nThe input must match this {StringOf(owner, "syntax") ?? "formal"} grammar:\n{definition}".TrimStart();
        }

        return description;
    }

    private static string? StringOf(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonElement TextOf(string text) => JsonSerializer.SerializeToElement(text, ToolJson.Wire.String);
}

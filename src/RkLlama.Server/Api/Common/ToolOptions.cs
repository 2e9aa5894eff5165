using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Common;

/// <summary>The tools of a request and its tool choice.</summary>
/// <param name="Tools">The tools that the model sees, as JSON for the chat template; null for none.</param>
/// <param name="IsRequired">Whether the output must contain a tool call.</param>
internal sealed record ToolOptions(IReadOnlyList<JsonElement>? Tools, bool IsRequired)
{
    internal static ToolOptions None { get; } = new(null, false);

    /// <summary>
    /// The tools of a request with tool choice "none"; otherwise null. The model does not see them. If it calls one of them anyway, the call is dropped.
    /// </summary>
    internal IReadOnlyList<JsonElement>? HiddenTools { get; init; }

    /// <summary>
    /// Reads the fields <c>tools</c> and <c>tool_choice</c>, which are null if absent. The tools stay JSON, because the chat template needs all their fields in
    /// the original order.
    /// </summary>
    /// <exception cref="ApiException">Status 400: a tool or the tool choice is invalid.</exception>
    internal static ToolOptions From(JsonElement? toolsField, JsonElement? choiceField)
    {
        IReadOnlyList<JsonElement>? tools = toolsField is not { } array
            ? null
            : array.ValueKind == JsonValueKind.Array ? [.. array.EnumerateArray()] : throw JsonFields.Wrong("tools", "an array");
        foreach ((int index, JsonElement tool) in (tools ?? []).Index())
        {
            if (NameOf(tool) is null)
                throw ApiException.BadRequest($"tools[{index}] must be an object with type \"function\" and a function that has a name.", "tools");
        }

        tools = tools is { Count: > 0 } ? [.. tools.Select(Nested)] : null;
        if (choiceField is not { } choice)
            return new(tools, false);
        if (choice.ValueKind == JsonValueKind.String)
        {
            return choice.GetString() switch
            {
                "none" => None with { HiddenTools = tools },
                "auto" => new(tools, false),
                "required" when tools is not null => new(tools, true),
                "required" => throw ApiException.BadRequest("tool_choice is \"required\", but there are no tools.", "tool_choice"),
                _ => throw JsonFields.Wrong("tool_choice", "\"none\", \"auto\", \"required\" or an object with the name of a function"),
            };
        }

        string name = choice.ValueKind == JsonValueKind.Object && NameOf(choice) is { } named
            ? named
            : throw JsonFields.Wrong("tool_choice", "\"none\", \"auto\", \"required\" or an object with the name of a function");
        JsonElement[] forced = [.. (tools ?? []).Where(tool => NameOf(tool) == name)];

        // The runtime cannot force a call. To make the right call more likely, the model sees only this function.
        return forced.Length > 0
            ? new(forced, true)
            : throw ApiException.BadRequest($"tool_choice names the function '{Excerpt.Of(name)}', which is not one of the tools.", "tool_choice");
    }

    /// <summary>Returns the name of a tool's function. It is under <c>function</c>, or at the top level in the responses API. Null if there is none.</summary>
    internal static string? NameOf(JsonElement tool)
    {
        if (tool.ValueKind != JsonValueKind.Object)
            return null;
        JsonElement owner = tool.TryGetProperty("function", out JsonElement function) && function.ValueKind == JsonValueKind.Object ? function : tool;
        return owner.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } text ? text : null;
    }

    /// <summary>
    /// Returns the tool with its fields under <c>function</c>, as chat templates expect it. Tools of the responses API have these fields at the top level.
    /// </summary>
    private static JsonElement Nested(JsonElement tool)
    {
        if (tool.TryGetProperty("function", out _))
            return tool;
        Dictionary<string, JsonElement> fields = tool.EnumerateObject().Where(static field => field.Name is "name" or "description" or "parameters").ToDictionary(
            static field => field.Name, static field => field.Value);
        return JsonSerializer.SerializeToElement(new NestedTool("function", fields), CommonJson.Wire.NestedTool);
    }

    /// <summary>
    /// Returns the names of the request's tool fields that have no effect on this model: "tools" if the model does not support tools; otherwise none.
    /// </summary>
    internal IReadOnlyList<string> IgnoredBy(ModelCapabilities capabilities) => Tools is null || capabilities.Tools ? [] : ["tools"];

    /// <summary>
    /// Returns the functions whose calls are parsed from the output. A key is the name of a function, and its value is the JSON schema of the parameters. If
    /// the function has no schema, the value is an element of the kind <see cref="JsonValueKind.Undefined"/>.
    /// </summary>
    /// <returns>Null if the request has no tools. In this case, no calls are parsed.</returns>
    internal IReadOnlyDictionary<string, JsonElement>? Schemas()
    {
        if ((Tools ?? HiddenTools) is not { } tools)
            return null;
        Dictionary<string, JsonElement> schemas = new(StringComparer.Ordinal);
        foreach (JsonElement tool in tools)
        {
            JsonElement owner = tool.TryGetProperty("function", out JsonElement function) ? function : tool;
            schemas[NameOf(tool)!] = owner.TryGetProperty("parameters", out JsonElement parameters) ? parameters : default;
        }

        return schemas;
    }
}

/// <summary>A tool in the format of chat completions, with its fields under <c>function</c>.</summary>
internal sealed record NestedTool(string Type, Dictionary<string, JsonElement> Function);

using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Common.Tools;

/// <summary>Where a tool comes from, if it is not a plain function. The response names the tool as the request did.</summary>
/// <param name="Name">The name of the tool in the request.</param>
/// <param name="Namespace">The namespace of the tool; null if it has none.</param>
/// <param name="IsCustom">Whether the tool is a custom tool, see <see cref="CustomTool"/>.</param>
internal sealed record ToolOrigin(string Name, string? Namespace, bool IsCustom);

/// <summary>
/// The tools of a request as functions, the only kind of tools that models know. Functions stay as they are, custom tools become functions, and namespaces are
/// replaced with their tools. Tools that a service hosts, such as <c>web_search</c>, are left out: the node has no such services.
/// </summary>
internal sealed class ToolList
{
    // The name of a namespace may become part of the names of all its tools.
    private const int MaxNamespaceLength = 256;

    private readonly List<JsonElement> _tools = [];
    private readonly Dictionary<string, ToolOrigin> _origins = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Namespace, string Name), string> _shownNames = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _skipped = new(StringComparer.Ordinal);

    /// <summary>The functions, with their fields under <c>function</c>, as chat templates expect it.</summary>
    internal IReadOnlyList<JsonElement> Tools => _tools;

    /// <summary>The origins of the functions that stand for other tools, by name of the function.</summary>
    internal IReadOnlyDictionary<string, ToolOrigin> Origins => _origins;

    /// <summary>The names of the functions that stand for tools of a namespace, by the namespace and the name of the tool.</summary>
    internal IReadOnlyDictionary<(string Namespace, string Name), string> ShownNames => _shownNames;

    /// <summary>The types of the tools that were left out.</summary>
    internal IReadOnlyCollection<string> Skipped => _skipped;

    /// <param name="field">Name of the field, for error messages.</param>
    /// <exception cref="ApiException">Status 400: the field is not an array, or a function or custom tool has no name.</exception>
    internal void Add(JsonElement tools, string field)
    {
        if (tools.ValueKind != JsonValueKind.Array)
            throw JsonFields.Wrong(field, "an array");
        foreach ((int index, JsonElement tool) in tools.EnumerateArray().Index())
            Add(tool, $"{field}[{index}]", field, owner: null);
    }

    /// <param name="owner">The namespace of the tool; null if it has none.</param>
    private void Add(JsonElement tool, string at, string field, string? owner)
    {
        string? name = ToolOptions.NameOf(tool), type = TypeOf(tool);
        switch (type)
        {
            case null or "function":
                AddFunction(
                    name is null ? throw Invalid(at, field) : Nested(tool), owner is null ? null : new(name, owner, IsCustom: false), name);
                break;
            case "custom":
                JsonElement body = tool.TryGetProperty("custom", out JsonElement inner) && inner.ValueKind == JsonValueKind.Object ? inner : tool;
                string custom = ToolOptions.NameOf(body) ?? throw Invalid(at, field);
                AddFunction(CustomTool.FunctionOf(body, custom), new(custom, owner, IsCustom: true), custom);
                break;
            case "namespace" when owner is null && name is not null && tool.TryGetProperty("tools", out JsonElement members) && members.ValueKind == JsonValueKind.Array:
                if (name.Length > MaxNamespaceLength)
                    throw ApiException.BadRequest($"{Excerpt.Of(at)}.name has more than {MaxNamespaceLength} characters.", field);
                foreach ((int index, JsonElement member) in members.EnumerateArray().Index())
                    Add(member, $"{at}.tools[{index}]", field, name);
                break;
            default:
                _skipped.Add(type);
                break;
        }
    }

    private void AddFunction(JsonElement function, ToolOrigin? origin, string name)
    {
        string shown = name;
        if (!_names.Add(shown) && origin?.Namespace is { } owner)
        {
            // Two namespaces may have tools of the same name.
            shown = $"{owner.TrimEnd('_')}__{name}";
            _names.Add(shown);
            function = Renamed(function, shown);
        }

        _tools.Add(function);
        if (origin is null)
            return;
        _origins[shown] = origin;
        if (origin.Namespace is { } space)
            _shownNames.TryAdd((space, name), shown);
    }

    /// <summary>
    /// Returns the tool with its fields under <c>function</c>. Tools of the responses API have these fields at the top level.
    /// </summary>
    private static JsonElement Nested(JsonElement tool) => tool.TryGetProperty("function", out _)
        ? tool
        : ToFunction(tool.EnumerateObject().Where(static field => field.Name is "name" or "description" or "parameters"));

    private static JsonElement Renamed(JsonElement tool, string name) => ToFunction(
        tool.GetProperty("function").EnumerateObject(), JsonSerializer.SerializeToElement(name, ToolJson.Wire.String));

    private static JsonElement ToFunction(IEnumerable<JsonProperty> fields, JsonElement? name = null)
    {
        Dictionary<string, JsonElement> function = new(StringComparer.Ordinal);
        foreach (JsonProperty field in fields)
            function[field.Name] = field.Name == "name" && name is { } other ? other : field.Value;
        return JsonSerializer.SerializeToElement(new NestedTool("function", function), ToolJson.Wire.NestedTool);
    }

    /// <summary>Returns the type of a tool; null if it is absent, or no text, so that the tool counts as a function.</summary>
    private static string? TypeOf(JsonElement tool) =>
        tool.ValueKind == JsonValueKind.Object && tool.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String
            ? type.GetString()
            : null;

    private static ApiException Invalid(string at, string field) =>
        ApiException.BadRequest($"{Excerpt.Of(at)} must be an object with type \"function\" and a function that has a name.", field);
}

/// <summary>A tool in the format of chat completions, with its fields under <c>function</c>.</summary>
internal sealed record NestedTool(string Type, Dictionary<string, JsonElement> Function);

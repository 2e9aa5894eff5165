using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Common.Tools;

/// <summary>The tools of a request and its tool choice.</summary>
/// <param name="Tools">The tools that the model sees, as JSON for the chat template; null for none.</param>
/// <param name="IsRequired">Whether the output must contain a tool call.</param>
internal sealed record ToolOptions(IReadOnlyList<JsonElement>? Tools, bool IsRequired)
{
    private const string ExpectedChoice = "\"none\", \"auto\", \"required\" or an object with the name of a function";

    internal static ToolOptions None { get; } = new(null, false);

    /// <summary>
    /// The tools of a request with tool choice "none"; otherwise null. The model does not see them. If it calls one of them anyway, the call is dropped.
    /// </summary>
    internal IReadOnlyList<JsonElement>? HiddenTools { get; init; }

    /// <summary>The origins of the functions that stand for other tools, by name of the function. See <see cref="ToolList"/>.</summary>
    internal IReadOnlyDictionary<string, ToolOrigin> Origins { get; init; } = new Dictionary<string, ToolOrigin>();

    /// <summary>The names of the functions that stand for tools of a namespace, by the namespace and the name of the tool.</summary>
    private IReadOnlyDictionary<(string Namespace, string Name), string> ShownNames { get; init; } = new Dictionary<(string, string), string>();

    /// <summary>Names of the parts of the tool fields that have no effect, for the response header.</summary>
    internal IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>
    /// Reads the fields <c>tools</c> and <c>tool_choice</c>, which are null if absent. The tools stay JSON, because the chat template needs all their fields in
    /// the original order.
    /// </summary>
    /// <param name="name">Name of the first field, for error messages.</param>
    /// <param name="more">Lists of further tools in other places of the request.</param>
    /// <exception cref="ApiException">Status 400: a tool or the tool choice is invalid.</exception>
    internal static ToolOptions From(JsonElement? toolsField, JsonElement? choiceField, string name = "tools", IEnumerable<(string Field, JsonElement Tools)>? more = null)
    {
        ToolList list = new();
        if (toolsField is { } field)
            list.Add(field, name);
        foreach ((string place, JsonElement tools) in more ?? [])
            list.Add(tools, place);
        ToolOptions options = new(list.Tools is { Count: > 0 } ? list.Tools : null, false)
        {
            Origins = list.Origins,
            ShownNames = list.ShownNames,
            Ignored = [.. list.Skipped.Select(type => $"{name}.{type}")],
        };
        return choiceField switch
        {
            null => options,
            { ValueKind: JsonValueKind.String } choice => options.Choose(choice.GetString()!),
            { ValueKind: JsonValueKind.Object } choice => options.Choose(choice),
            _ => throw JsonFields.Wrong("tool_choice", ExpectedChoice),
        };
    }

    private ToolOptions Choose(string choice) => choice switch
    {
        "none" => Hide(),
        "auto" => this,

        // The name that Mistral and Anthropic use.
        "any" => Choose("required"),
        "required" when Tools is not null => this with { IsRequired = true },

        // The request has only tools that were left out.
        "required" when Ignored.Count > 0 => IgnoreChoice(),
        "required" => throw ApiException.BadRequest("tool_choice is \"required\", but there are no tools.", "tool_choice"),
        _ => throw JsonFields.Wrong("tool_choice", ExpectedChoice),
    };

    private ToolOptions Choose(JsonElement choice)
    {
        string? type = choice.TryGetProperty("type", out JsonElement given) && given.ValueKind == JsonValueKind.String ? given.GetString() : null;
        if (type == "allowed_tools")
            return Allow(choice.TryGetProperty("allowed_tools", out JsonElement inner) && inner.ValueKind == JsonValueKind.Object ? inner : choice);

        // The choice of a tool that a service hosts has no name of a function.
        if (type is not (null or "function" or "custom"))
            return IgnoreChoice();
        string name = ChosenName(choice) ?? throw JsonFields.Wrong("tool_choice", ExpectedChoice);

        // The runtime cannot force a call. To make the right call more likely, the model sees only this function.
        JsonElement[] forced = [.. (Tools ?? []).Where(tool => Is(tool, name))];
        return forced.Length > 0
            ? this with { Tools = forced, IsRequired = true }
            : throw ApiException.BadRequest($"tool_choice names the function '{Excerpt.Of(name)}', which is not one of the tools.", "tool_choice");
    }

    /// <summary>Narrows the tools to those of a choice of the type <c>allowed_tools</c>. Tools that were left out may be among them.</summary>
    private ToolOptions Allow(JsonElement choice)
    {
        if (!choice.TryGetProperty("tools", out JsonElement allowed) || allowed.ValueKind != JsonValueKind.Array)
            throw JsonFields.Wrong("tool_choice.tools", "an array");
        HashSet<string> names = [.. allowed.EnumerateArray().Select(ChosenName).OfType<string>()];
        JsonElement[] tools = [.. (Tools ?? []).Where(tool => names.Contains(NameOf(tool)!) || (OriginOf(NameOf(tool)!) is { } origin && names.Contains(origin.Name)))];
        if (tools.Length == 0)
            return Hide();
        return this with { Tools = tools, IsRequired = choice.TryGetProperty("mode", out JsonElement mode) && mode.ValueEquals("required"u8) };
    }

    private ToolOptions Hide() => this with { Tools = null, HiddenTools = Tools };

    private ToolOptions IgnoreChoice() => this with { Ignored = [.. Ignored, "tool_choice"] };

    private bool Is(JsonElement tool, string name) => NameOf(tool) is { } own && (own == name || OriginOf(own)?.Name == name);

    /// <summary>Returns the origin of a function; null if it is a plain function.</summary>
    internal ToolOrigin? OriginOf(string function) => Origins.TryGetValue(function, out ToolOrigin? origin) ? origin : null;

    /// <summary>Returns the name of the function that the model sees for a tool of a namespace.</summary>
    internal string ShownName(string name, string? owner) => owner is not null && ShownNames.TryGetValue((owner, name), out string? shown) ? shown : name;

    /// <summary>Returns the name of a tool's function. It is under <c>function</c>, or at the top level in the responses API. Null if there is none.</summary>
    internal static string? NameOf(JsonElement tool)
    {
        if (tool.ValueKind != JsonValueKind.Object)
            return null;
        JsonElement owner = tool.TryGetProperty("function", out JsonElement function) && function.ValueKind == JsonValueKind.Object ? function : tool;
        return owner.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } text ? text : null;
    }

    private static string? ChosenName(JsonElement choice) =>
        NameOf(choice) ?? (choice.ValueKind == JsonValueKind.Object && choice.TryGetProperty("custom", out JsonElement custom) ? NameOf(custom) : null);

    /// <summary>
    /// Returns the names of the request's tool fields that have no effect on the answer: those of <see cref="Ignored"/>, and "tools" if the model does not support
    /// tools and the answer has no call. Called when the headers are sent. If the answer may still contain a call, "tools" is not included.
    /// </summary>
    internal IReadOnlyList<string> IgnoredBy(GenerationStream answer, bool streams) =>
        Tools is not null && !answer.Capabilities.Tools && !answer.HasToolCalls && answer.HasEnded && !streams ? [.. Ignored, "tools"] : Ignored;

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

using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>Reads tool calls from complete JSON and checks the tool names.</summary>
internal sealed class ToolCallReader(ToolCallSettings settings)
{
    /// <summary>Whether every tool name is accepted. In this case, only the members of the JSON object show whether it is a tool call.</summary>
    internal bool AcceptsAnyName => settings.Names is null;

    internal bool IsOffered(string name) => name.Length > 0 && settings.Names?.Contains(name) != false;

    /// <summary>Returns the JSON schema of one parameter of a tool; null if there is none.</summary>
    internal JsonElement? Schema(string tool, string parameter) =>
        settings.Schemas?.TryGetValue(tool, out JsonElement schema) == true
        && schema.ValueKind == JsonValueKind.Object
        && schema.TryGetProperty("properties", out JsonElement properties)
        && properties.ValueKind == JsonValueKind.Object
        && properties.TryGetProperty(parameter, out JsonElement found)
            ? found
            : null;

    /// <summary>
    /// Appends the tool call in a JSON object, or all tool calls in a JSON array, to the list. If one of them is invalid, appends nothing and returns false.
    /// </summary>
    /// <param name="needsArguments">Whether a call without the member <c>arguments</c> or <c>parameters</c> is invalid. If false, the arguments of such a
    /// call are an empty object.</param>
    internal bool TryRead(string json, bool needsArguments, List<ParsedToolCall> calls) => TryParse(json, root =>
    {
        int before = calls.Count;
        JsonElement[] items = root.ValueKind == JsonValueKind.Array ? [.. root.EnumerateArray()] : [root];
        foreach (JsonElement item in items)
        {
            if (ReadCall(item, needsArguments) is { } call)
            {
                calls.Add(call);
                continue;
            }

            calls.RemoveRange(before, calls.Count - before);
            return false;
        }

        return items.Length > 0;
    });

    /// <summary>Appends a tool call to the list. The name and the arguments come from different places in the text.</summary>
    /// <returns>False if the request does not offer the tool, or the arguments are not a JSON object.</returns>
    internal bool TryAdd(string name, string arguments, List<ParsedToolCall> calls) => IsOffered(name) && TryParse(arguments, root =>
    {
        if (root.ValueKind != JsonValueKind.Object)
            return false;
        calls.Add(new(name, JsonText.Minify(arguments)));
        return true;
    });

    private ParsedToolCall? ReadCall(JsonElement item, bool needsArguments)
    {
        if (item.ValueKind != JsonValueKind.Object
            || !item.TryGetProperty("name", out JsonElement name)
            || name.ValueKind != JsonValueKind.String
            || !IsOffered(name.GetString()!))
        {
            return null;
        }

        if (!item.TryGetProperty("arguments", out JsonElement arguments) && !item.TryGetProperty("parameters", out arguments))
            return needsArguments ? null : new(name.GetString()!, "{}");
        return ReadArguments(arguments) is { } json ? new(name.GetString()!, json) : null;
    }

    /// <summary>
    /// Returns the arguments as a minified JSON object. Accepts an object, a string that contains one, and null or a blank string for no arguments. Returns
    /// null for all other values.
    /// </summary>
    private static string? ReadArguments(JsonElement arguments)
    {
        if (arguments.ValueKind == JsonValueKind.Object)
            return JsonText.Minify(arguments.GetRawText());
        if (arguments.ValueKind == JsonValueKind.Null)
            return "{}";
        if (arguments.ValueKind != JsonValueKind.String)
            return null;
        string inner = arguments.GetString()!;
        if (string.IsNullOrWhiteSpace(inner))
            return "{}";
        return TryParse(inner, static root => root.ValueKind == JsonValueKind.Object) ? JsonText.Minify(inner) : null;
    }

    private static bool TryParse(string json, Func<JsonElement, bool> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, JsonLimits.Document);
            return read(document.RootElement);
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or ArgumentException)
        {
            // Invalid JSON, or half of a surrogate pair, escaped or not.
            return false;
        }
    }
}

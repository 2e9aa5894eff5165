using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>Reads calls out of complete JSON, and knows which tools there are.</summary>
internal sealed class ToolCallReader(OutputSettings settings)
{
    internal static readonly JsonDocumentOptions JsonLimits = new() { MaxDepth = PartialJson.MaxDepth };

    /// <summary>Any name counts as a tool's, so that a call must be told by its shape.</summary>
    internal bool AcceptsAnyName => settings.ToolNames is null;

    internal bool IsOffered(string name) => name.Length > 0 && settings.ToolNames?.Contains(name) != false;

    /// <summary>The schema of one parameter; null when there is none.</summary>
    internal JsonElement? Schema(string tool, string parameter) =>
        settings.ToolSchemas?.TryGetValue(tool, out JsonElement schema) == true
        && schema.ValueKind == JsonValueKind.Object
        && schema.TryGetProperty("properties", out JsonElement properties)
        && properties.ValueKind == JsonValueKind.Object
        && properties.TryGetProperty(parameter, out JsonElement found)
            ? found
            : null;

    /// <summary>Adds the call, or all calls of an array; nothing when one of them is none.</summary>
    /// <param name="needsArguments">Whether a call that leaves out its arguments, which means there are none, is taken for one.</param>
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

    /// <summary>Adds a call whose name stood apart from its arguments.</summary>
    internal bool TryAdd(string name, string arguments, List<ParsedToolCall> calls) => IsOffered(name) && TryParse(arguments, root =>
    {
        if (root.ValueKind != JsonValueKind.Object)
            return false;
        calls.Add(new(name, CompactJson.Of(arguments)));
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

    /// <summary>The object, or the object in a string; null and an empty string are no arguments.</summary>
    private static string? ReadArguments(JsonElement arguments)
    {
        if (arguments.ValueKind == JsonValueKind.Object)
            return CompactJson.Of(arguments.GetRawText());
        if (arguments.ValueKind == JsonValueKind.Null)
            return "{}";
        if (arguments.ValueKind != JsonValueKind.String)
            return null;
        string inner = arguments.GetString()!;
        if (string.IsNullOrWhiteSpace(inner))
            return "{}";
        return TryParse(inner, root => root.ValueKind == JsonValueKind.Object) ? CompactJson.Of(inner) : null;
    }

    private static bool TryParse(string json, Func<JsonElement, bool> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, JsonLimits);
            return read(document.RootElement);
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or ArgumentException)
        {
            // Broken JSON; an escape that is half a character; half a character itself.
            return false;
        }
    }
}

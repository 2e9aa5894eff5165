using System.Text.Json;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts;

/// <summary>The arguments of a tool call, which clients send as an object or as a string that holds one.</summary>
internal static class ToolArguments
{
    public static Value AsObject(JsonElement arguments)
    {
        if (arguments.ValueKind != JsonValueKind.String)
            return JsonValues.Convert(arguments, fromRequest: true);
        try
        {
            using JsonDocument parsed = JsonDocument.Parse(arguments.GetString()!, JsonLimits.DocumentOptions);
            return JsonValues.Convert(parsed.RootElement, fromRequest: true);
        }
        catch (JsonException)
        {
            // What a model once wrote need not be JSON.
            return JsonValues.Convert(arguments, fromRequest: true);
        }
    }

    public static Value AsText(JsonElement arguments) =>
        StringValue.FromRequest(arguments.ValueKind == JsonValueKind.String ? arguments.GetString()! : arguments.GetRawText());
}

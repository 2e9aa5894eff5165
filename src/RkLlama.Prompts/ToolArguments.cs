using System.Text.Json;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts;

/// <summary>
/// Converts the arguments of a tool call to a template value. Clients send the arguments as a JSON object, or as a string that contains one.
/// </summary>
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
            // The arguments may be invalid JSON, because a model generated them.
            return JsonValues.Convert(arguments, fromRequest: true);
        }
    }

    public static Value AsText(JsonElement arguments) =>
        StringValue.FromRequest(arguments.ValueKind == JsonValueKind.String ? arguments.GetString()! : arguments.GetRawText());
}

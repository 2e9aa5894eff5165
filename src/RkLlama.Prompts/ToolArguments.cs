using System.Text.Json;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts;

/// <summary>
/// Converts the arguments of a tool call to a template value. Clients send the arguments as a JSON object, or as a string that contains one.
/// </summary>
internal static class ToolArguments
{
    /// <summary>The arguments as a dict; a string that contains no JSON stays a string.</summary>
    /// <exception cref="TemplateException">The arguments nest too deeply, or are not valid Unicode.</exception>
    public static Value AsObject(JsonElement arguments)
    {
        if (arguments.ValueKind != JsonValueKind.String)
            return JsonValues.Convert(arguments, fromRequest: true);
        try
        {
            using JsonDocument parsed = JsonDocument.Parse(StringOf(arguments), JsonLimits.DocumentOptions);
            return JsonValues.Convert(parsed.RootElement, fromRequest: true);
        }
        catch (JsonException)
        {
            // The arguments may be invalid JSON, because a model generated them.
            return JsonValues.Convert(arguments, fromRequest: true);
        }
    }

    /// <summary>The arguments as a string value, in the form that the client sent.</summary>
    public static Value AsText(JsonElement arguments) => StringValue.FromRequest(Text(arguments));

    /// <summary>The arguments as JSON text; <c>{}</c> if the client sent none.</summary>
    public static string AsJson(JsonElement arguments) => Text(arguments) is { } text && text.AsSpan().Trim() is not ("" or "null") ? text : "{}";

    /// <summary>Returns all strings in the values of the arguments that are not blank. If they are a string that contains no JSON, returns this string.</summary>
    public static IReadOnlyList<string> Texts(JsonElement arguments)
    {
        List<string> texts = [];
        if (arguments.ValueKind != JsonValueKind.String)
        {
            AddTexts(arguments, texts);
            return texts;
        }

        try
        {
            using JsonDocument parsed = JsonDocument.Parse(StringOf(arguments), JsonLimits.DocumentOptions);
            AddTexts(parsed.RootElement, texts);
        }
        catch (JsonException)
        {
            AddTexts(arguments, texts);
        }

        return texts;
    }

    private static void AddTexts(JsonElement json, List<string> texts)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty member in json.EnumerateObject())
                    AddTexts(member.Value, texts);
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in json.EnumerateArray())
                    AddTexts(item, texts);
                break;
            case JsonValueKind.String when StringOf(json) is var text && !string.IsNullOrWhiteSpace(text):
                texts.Add(text);
                break;
        }
    }

    private static string Text(JsonElement arguments) => arguments.ValueKind switch
    {
        JsonValueKind.String => StringOf(arguments),
        JsonValueKind.Undefined => "",
        _ => arguments.GetRawText(),
    };

    private static string StringOf(JsonElement arguments)
    {
        try
        {
            return arguments.GetString()!;
        }
        catch (InvalidOperationException ex)
        {
            throw new TemplateException("the arguments of a tool call contain half of a surrogate pair", innerException: ex);
        }
    }
}

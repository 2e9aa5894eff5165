using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>Converts JSON to template values. As in Python, <c>1</c> becomes an int and <c>1.0</c> becomes a float.</summary>
internal static class JsonValues
{
    /// <summary>Converts one JSON value.</summary>
    /// <param name="fromRequest">Whether the strings in the JSON are request text (see <see cref="PromptText"/>).</param>
    /// <exception cref="TemplateException">The JSON nests deeper than <see cref="JsonLimits.MaxDepth"/>, or a string is not valid
    /// Unicode.</exception>
    public static Value Convert(JsonElement json, bool fromRequest) => Convert(json, fromRequest, depth: 0);

    private static Value Convert(JsonElement json, bool fromRequest, int depth)
    {
        if (json.ValueKind is JsonValueKind.Object or JsonValueKind.Array && depth == JsonLimits.MaxDepth)
            throw new TemplateException($"a JSON value of the request is nested more than {JsonLimits.MaxDepth} levels deep");
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                DictValue dict = new();
                foreach (JsonProperty property in json.EnumerateObject())
                    dict.Set(Text(TextOf(() => property.Name), fromRequest), Convert(property.Value, fromRequest, depth + 1));
                return dict;
            case JsonValueKind.Array:
                List<Value> items = [];
                foreach (JsonElement item in json.EnumerateArray())
                    items.Add(Convert(item, fromRequest, depth + 1));
                return new ListValue(items);
            case JsonValueKind.String:
                return Text(TextOf(() => json.GetString()!), fromRequest);
            case JsonValueKind.Number:
                return Number(json.GetRawText());
            case JsonValueKind.True:
                return BooleanValue.True;
            case JsonValueKind.False:
                return BooleanValue.False;
            default:
                return NoneValue.Instance;
        }
    }

    private static string TextOf(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException ex)
        {
            throw new TemplateException("a string of the request contains half of a surrogate pair", innerException: ex);
        }
    }

    private static StringValue Text(string text, bool fromRequest) => fromRequest ? StringValue.FromRequest(text) : StringValue.FromTemplate(text);

    private static NumberValue Number(string literal) => literal.AsSpan().ContainsAny('.', 'e', 'E') || literal.Length > 4300
        ? new FloatValue(double.Parse(literal, NumberStyles.Float, CultureInfo.InvariantCulture))
        : new IntegerValue(BigInteger.Parse(literal, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
}

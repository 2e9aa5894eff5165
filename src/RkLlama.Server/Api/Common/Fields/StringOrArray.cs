using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common.Fields;

/// <summary>A request field that is a string or an array of strings.</summary>
/// <param name="Texts">The strings; null if the field is absent, empty if <paramref name="HasTokens"/> is true.</param>
/// <param name="HasTokens">
/// Whether the array contains numbers or arrays, which would be token ids. The server accepts no token ids; each request type reports this with its own
/// message.
/// </param>
[InlineSchema]
[JsonConverter(typeof(StringOrArrayConverter))]
internal readonly record struct StringOrArray(IReadOnlyList<string>? Texts, bool HasTokens)
{
    internal const string Expected = "a string or an array of strings";
}

internal sealed class StringOrArrayConverter : FieldConverter<StringOrArray>
{
    public override StringOrArray Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => default,
        JsonTokenType.String => new([reader.GetString()!], false),
        JsonTokenType.StartArray => ReadItems(ref reader),
        _ => throw new FieldException(StringOrArray.Expected) { OllamaType = "array" },
    };

    private static StringOrArray ReadItems(ref Utf8JsonReader reader)
    {
        List<string> texts = [];
        bool hasTokens = false, hasOthers = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String)
                texts.Add(reader.GetString()!);
            else if (reader.TokenType is JsonTokenType.Number or JsonTokenType.StartArray)
                hasTokens = true;
            else
                hasOthers = true;
            reader.Skip();
        }

        return hasOthers && !hasTokens ? throw new FieldException(StringOrArray.Expected) : new(hasTokens ? [] : texts, hasTokens);
    }
}

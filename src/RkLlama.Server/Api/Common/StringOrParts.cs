using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common;

/// <summary>
/// A request field that is a string or an array of content parts. Both properties are null if the value has another type; <see cref="MessageReader"/> reports
/// that.
/// </summary>
[InlineSchema]
[JsonConverter(typeof(StringOrPartsConverter))]
internal readonly record struct StringOrParts(string? Text, IReadOnlyList<ContentPartBody?>? Parts);

internal sealed class StringOrPartsConverter : FieldConverter<StringOrParts>
{
    public override StringOrParts Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return new(reader.GetString(), null);
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return default;
        }

        List<ContentPartBody?> parts = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // A string in the array counts as a part of type text.
            parts.Add(reader.TokenType == JsonTokenType.String
                ? new() { Type = "text", Text = reader.GetString()! }
                : ObjectConverter<ContentPartBody>.ReadObject(ref reader, options));
        }

        return new(null, parts);
    }
}

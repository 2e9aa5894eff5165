using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common.Messages;

/// <summary>A request field that is a string or an array of content parts.</summary>
/// <param name="Text">The string; null if the value is not a string.</param>
/// <param name="Parts">The items of the array; null if the value is not an array. <see cref="MessageReader"/> reports items that are no parts.</param>
/// <param name="Json">The JSON text of a value that is neither a string nor an array of parts. Results of tools may have this form.</param>
[InlineSchema]
[JsonConverter(typeof(StringOrPartsConverter))]
internal readonly record struct StringOrParts(string? Text, IReadOnlyList<ContentPartBody?>? Parts, string? Json);

internal sealed class StringOrPartsConverter : FieldConverter<StringOrParts>
{
    public override StringOrParts Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return new(reader.GetString(), null, null);
        Utf8JsonReader start = reader;
        List<ContentPartBody?>? parts = null;
        if (reader.TokenType == JsonTokenType.StartArray)
            parts = ReadParts(ref reader, options);
        else
            reader.Skip();
        bool hasParts = parts?.TrueForAll(static part => part is { Type: not null } or { Text: not null }) == true;
        return new(null, parts, hasParts ? null : JsonElement.ParseValue(ref start).GetRawText());
    }

    private static List<ContentPartBody?> ReadParts(ref Utf8JsonReader reader, JsonSerializerOptions options)
    {
        List<ContentPartBody?> parts = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            try
            {
                // A string in the array counts as a part of type text.
                parts.Add(reader.TokenType == JsonTokenType.String
                    ? new() { Text = reader.GetString() }
                    : ObjectConverter<ContentPartBody>.ReadObject(ref reader, options));
            }
            catch (JsonException ex)
            {
                throw FieldException.From(ex).Under($"[{parts.Count}]");
            }
        }

        return parts;
    }
}

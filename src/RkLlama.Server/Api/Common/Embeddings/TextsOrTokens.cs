using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Engine.Generation;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common.Embeddings;

/// <summary>
/// A request field that has one or more inputs of a model: a string, an array of strings, an array of token ids, or an array of arrays of token ids.
/// </summary>
/// <param name="Inputs">The inputs; null if the field is absent.</param>
[InlineSchema]
[JsonConverter(typeof(TextsOrTokensConverter))]
internal readonly record struct TextsOrTokens(IReadOnlyList<TextOrTokens>? Inputs)
{
    internal const string Expected = "a string, an array of strings, or arrays of token ids";
}

internal sealed class TextsOrTokensConverter : FieldConverter<TextsOrTokens>
{
    public override TextsOrTokens Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => default,
        JsonTokenType.String => new([reader.GetString()!]),
        JsonTokenType.StartArray => ReadItems(ref reader),
        _ => throw new FieldException(TextsOrTokens.Expected),
    };

    private static TextsOrTokens ReadItems(ref Utf8JsonReader reader)
    {
        List<TextOrTokens> inputs = [];
        List<int>? tokens = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // The ids of one input are directly in the array, so no other item may be there.
            if (reader.TokenType == JsonTokenType.Number && inputs.Count == 0)
                (tokens ??= []).Add(TokenId(ref reader));
            else if (tokens is not null)
                throw new FieldException(TextsOrTokens.Expected);
            else if (reader.TokenType == JsonTokenType.String)
                inputs.Add(reader.GetString()!);
            else if (reader.TokenType == JsonTokenType.StartArray)
                inputs.Add(new(null, ReadTokens(ref reader)));
            else
                throw new FieldException(TextsOrTokens.Expected);
        }

        return new(tokens is null ? inputs : [new(null, tokens)]);
    }

    private static List<int> ReadTokens(ref Utf8JsonReader reader)
    {
        List<int> tokens = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            tokens.Add(reader.TokenType == JsonTokenType.Number ? TokenId(ref reader) : throw new FieldException(TextsOrTokens.Expected));
        return tokens;
    }

    private static int TokenId(ref Utf8JsonReader reader) => reader.TryGetInt32(out int id) ? id : throw new FieldException(TextsOrTokens.Expected);
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.LlamaServer.Tokens;

/// <summary>Response of <c>POST /tokenize</c>, with the fields of llama-server and of vLLM.</summary>
/// <param name="Tokens">The token ids; objects with ids and texts if the request asks for pieces.</param>
/// <param name="Count">Number of tokens.</param>
/// <param name="MaxModelLen">Context length of the model in tokens.</param>
internal sealed record TokenizeReply(
    [property: AnyOf(typeof(int[]), typeof(TokenPiece[]))] TokenList Tokens, int Count, int MaxModelLen)
{
    /// <summary>Only if return_token_strs is true: the text of each token. Parts of a character are replacement characters.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? TokenStrs { get; init; }
}

/// <summary>Response of <c>POST /detokenize</c>, with the fields of llama-server and of vLLM.</summary>
/// <param name="Content">The text of the tokens, control tokens included.</param>
/// <param name="Prompt">The same as content.</param>
internal sealed record DetokenizeReply(string Content, string Prompt);

/// <summary>Response of <c>POST /apply-template</c>.</summary>
/// <param name="Prompt">The prompt that the chat template makes from the messages.</param>
internal sealed record ApplyTemplateReply(string Prompt);

/// <summary>One token.</summary>
/// <param name="Piece">The text of the token; the UTF-8 bytes if the token is a part of a character.</param>
// Only the OpenAPI document uses this type.
internal sealed record TokenPiece(int Id, [property: AnyOf(typeof(string), typeof(int[]))] JsonElement Piece);

/// <summary>The tokens of a text.</summary>
/// <param name="Pieces">The UTF-8 bytes of each token; null to write only the ids.</param>
[InlineSchema]
[JsonConverter(typeof(TokenListConverter))]
internal readonly record struct TokenList(IReadOnlyList<int> Ids, IReadOnlyList<byte[]>? Pieces);

internal sealed class TokenListConverter : JsonConverter<TokenList>
{
    public override TokenList Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, TokenList value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        for (int i = 0; i < value.Ids.Count; i++)
        {
            if (value.Pieces is null)
                writer.WriteNumberValue(value.Ids[i]);
            else
                Write(writer, value.Ids[i], value.Pieces[i]);
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, int id, byte[] piece)
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", id);
        if (Utf8.IsValid(piece))
        {
            writer.WriteString("piece", Encoding.UTF8.GetString(piece));
        }
        else
        {
            writer.WriteStartArray("piece");
            foreach (byte part in piece)
                writer.WriteNumberValue(part);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}

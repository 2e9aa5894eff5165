using System.Text.Json;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Options;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Reads Ollama's field <c>think</c>: true, false, or a level (low, medium, high or max).</summary>
internal sealed class OllamaThinkConverter : FieldConverter<ThinkingOptions?>
{
    public override ThinkingOptions? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.True => new(true, null),
        JsonTokenType.False => new(false, null),
        JsonTokenType.String when ThinkingOptions.FromLevel(reader.GetString()) is { } level => level,
        _ => throw new FieldException("true, false, \"low\", \"medium\", \"high\" or \"max\""),
    };
}

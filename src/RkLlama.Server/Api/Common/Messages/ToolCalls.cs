using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Common.Messages;

/// <summary>The tool calls of an assistant message.</summary>
/// <param name="Calls">
/// The calls; null if the value is not an array. For assistant messages, <see cref="MessageReader"/> reports that; messages of other roles ignore the field.
/// </param>
[InlineSchema]
[JsonConverter(typeof(ToolCallsConverter))]
internal readonly record struct ToolCalls(ToolCallBody?[]? Calls);

internal sealed class ToolCallsConverter : FieldConverter<ToolCalls>
{
    private readonly ObjectItemsConverter<ToolCallBody> _items = new();

    public override ToolCalls Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
            return new(_items.Read(ref reader, typeof(ToolCallBody[]), options));
        reader.Skip();
        return default;
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Anthropic.Messages;

/// <summary>
/// One event of a stream. Its type, which is also the name of the event, determines which fields it has. The order: message_start; for each block
/// content_block_start, content_block_delta and content_block_stop; message_delta; message_stop. ping may stand anywhere. A stream that fails ends with the event
/// error, which has the form of the other errors.
/// </summary>
internal sealed record AnthropicEvent(string Type)
{
    /// <summary>Only in message_start.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AnthropicMessage? Message { get; init; }

    /// <summary>In events of blocks: index of the block in the content of the message.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Index { get; init; }

    /// <summary>Only in content_block_start: the block without its content.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AnthropicBlock? ContentBlock { get; init; }

    /// <summary>Only in content_block_delta and message_delta.</summary>
    [AnyOf(typeof(AnthropicBlockDelta), typeof(AnthropicMessageDelta))]
    [JsonConverter(typeof(AnthropicDeltaConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AnthropicDelta? Delta { get; init; }

    /// <summary>Only in message_delta: the token counts of the whole message.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AnthropicUsage? Usage { get; init; }
}

/// <summary>The new part of a block, or the end of the message.</summary>
[InlineSchema]
internal abstract record AnthropicDelta;

/// <summary>The new part of a block.</summary>
/// <param name="Type">text_delta, thinking_delta, signature_delta or input_json_delta.</param>
internal sealed record AnthropicBlockDelta(string Type) : AnthropicDelta
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Thinking { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Signature { get; init; }

    /// <summary>Part of the JSON text of the arguments. The parts of a block together are a JSON object.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PartialJson { get; init; }
}

/// <summary>How the message has ended.</summary>
/// <param name="StopReason">end_turn, max_tokens, stop_sequence or tool_use.</param>
/// <param name="StopSequence">The stop sequence of the request that ended the output; null if none did.</param>
internal sealed record AnthropicMessageDelta(string StopReason, string? StopSequence) : AnthropicDelta;

/// <summary>Writes a delta with the fields of its own type.</summary>
internal sealed class AnthropicDeltaConverter : JsonConverter<AnthropicDelta>
{
    public override AnthropicDelta Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, AnthropicDelta value, JsonSerializerOptions options)
    {
        if (value is AnthropicBlockDelta block)
            JsonSerializer.Serialize(writer, block, AnthropicJson.Wire.AnthropicBlockDelta);
        else
            JsonSerializer.Serialize(writer, (AnthropicMessageDelta)value, AnthropicJson.Wire.AnthropicMessageDelta);
    }
}

using System.Buffers;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Scheduling;
using RkLlama.Output;
using RkLlama.Server.Api.Common.Writers;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Anthropic.Messages;

/// <summary>Writes the response of <c>POST /v1/messages</c>. A stream sends each part of the output as a delta of a block.</summary>
/// <param name="promptTokens">Number of tokens of the prompt, for the first event of a stream.</param>
internal sealed class MessageWriter(MessagesRequest request, int promptTokens, string requestId) : EventStreamWriter
{
    // Clients expect a signature and send it back. Nothing checks it.
    private const string Signature = "cmtsbGFtYQ==";

    private static readonly JsonElement NoInput = JsonElement.Parse("{}");

    private readonly string _id = NewId("msg_");
    private bool _hasBegun;

    // The number of blocks that are complete, and the type of the block that is still open; null if there is none.
    private int _blocks;
    private string? _open;

    public override byte[] SerializeComplete(CompleteOutput answer)
    {
        AnthropicBlock[] blocks = [.. answer.Parts.Select(WholeBlockOf)];
        GenerationSummary summary = answer.Summary;
        AnthropicMessage message = NewMessage(blocks.Length > 0 ? blocks : [StartOf("text")], AnthropicUsage.Of(summary)) with
        {
            StopReason = ReasonOf(summary),
            StopSequence = StopSequenceOf(summary),
        };
        return JsonSerializer.SerializeToUtf8Bytes(message, AnthropicJson.Wire.AnthropicMessage);
    }

    public override void WriteEvent(GenerationEvent item, IBufferWriter<byte> output)
    {
        if (!_hasBegun)
            Write(new("message_start") { Message = NewMessage([], AnthropicUsage.AtStart(promptTokens)) }, output);
        _hasBegun = true;
        switch (item.Part)
        {
            case ContentPart content:
                Open("text", output);
                WriteDelta(new("text_delta") { Text = content.Text }, output);
                break;
            case ReasoningPart thought:
                Open("thinking", output);
                WriteDelta(new("thinking_delta") { Thinking = thought.Text }, output);
                break;
            case ToolCallPart call:
                Close(output);
                Open("tool_use", output, StartOf(call));
                WriteDelta(new("input_json_delta") { PartialJson = call.Arguments }, output);
                Close(output);
                break;
            case null or UnopenedReasoningPart: // a stream cannot take its content back
                break;
            default:
                throw new InvalidOperationException(item.Part.GetType().Name);
        }

        if (item.Summary is { } summary)
            End(summary, output);
    }

    public override void WriteKeepAlive(IBufferWriter<byte> output) => Write(new("ping"), output);

    public override void WriteKeepAlive(QueuePlace? place, IBufferWriter<byte> output)
    {
        if (place is not null)
            base.WriteKeepAlive(place, output);
        WriteKeepAlive(output);
    }

    public override void WriteError(ApiException error, IBufferWriter<byte> output) =>
        Events.WriteSse(AnthropicError.From(error, requestId), AnthropicJson.Wire.AnthropicError, output, "error");

    private void End(GenerationSummary summary, IBufferWriter<byte> output)
    {
        // A message has at least one block.
        if (_blocks == 0 && _open is null)
            Open("text", output);
        Close(output);
        Write(
            new("message_delta") { Delta = new AnthropicMessageDelta(ReasonOf(summary), StopSequenceOf(summary)), Usage = AnthropicUsage.Of(summary) },
            output);
        Write(new("message_stop"), output);
    }

    /// <summary>Opens a block, unless a block of this type is open. Closes another one before.</summary>
    private void Open(string type, IBufferWriter<byte> output, AnthropicBlock? start = null)
    {
        if (_open == type)
            return;
        Close(output);
        _open = type;
        Write(new("content_block_start") { Index = _blocks, ContentBlock = start ?? StartOf(type) }, output);
    }

    private void Close(IBufferWriter<byte> output)
    {
        if (_open is null)
            return;
        if (_open == "thinking")
            WriteDelta(new("signature_delta") { Signature = Signature }, output);
        Write(new("content_block_stop") { Index = _blocks++ }, output);
        _open = null;
    }

    private void WriteDelta(AnthropicBlockDelta delta, IBufferWriter<byte> output) => Write(new("content_block_delta") { Index = _blocks, Delta = delta }, output);

    private void Write(AnthropicEvent item, IBufferWriter<byte> output) => Events.WriteSse(item, AnthropicJson.Wire.AnthropicEvent, output, item.Type);

    private AnthropicMessage NewMessage(AnthropicBlock[] content, AnthropicUsage usage) => new(_id, "message", "assistant", request.Model!, content, null, null, usage);

    private static AnthropicBlock WholeBlockOf(OutputPart part) => part switch
    {
        ContentPart content => StartOf("text") with { Text = content.Text },
        ReasoningPart thought => StartOf("thinking") with { Thinking = thought.Text, Signature = Signature },
        ToolCallPart call => StartOf(call) with { Input = JsonElement.Parse(call.Arguments) },
        _ => throw new InvalidOperationException(part.GetType().Name),
    };

    /// <summary>Returns a block without its content.</summary>
    private static AnthropicBlock StartOf(string type) => type == "thinking" ? new(type) { Thinking = "", Signature = "" } : new(type) { Text = "" };

    private static AnthropicBlock StartOf(ToolCallPart call) => new("tool_use") { Id = call.Id, Name = call.Name, Input = NoInput };

    private string ReasonOf(GenerationSummary summary) => summary.FinishReason switch
    {
        FinishReason.ToolCalls => "tool_use",
        FinishReason.Length => "max_tokens",
        _ => StopSequenceOf(summary) is null ? "end_turn" : "stop_sequence",
    };

    /// <summary>Returns the stop sequence of the request that ended the output; null if none did. Sequences of the Modelfile are not the client's.</summary>
    private string? StopSequenceOf(GenerationSummary summary) =>
        summary is { FinishReason: FinishReason.Stop, StopSequence: { } found } && request.StopSequences.Contains(found) ? found : null;
}

using System.Buffers;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.Api.Common.Writers;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Chat;

/// <summary>Writes the response of <c>POST /v1/chat/completions</c>. All events of a stream have the same id, created and model.</summary>
/// <param name="created">Time of the request, Unix time in seconds.</param>
/// <param name="id">Id of the completion, see <see cref="EventStreamWriter.NewId"/>.</param>
/// <param name="recorder">Stores the completion; <see langword="null"/> if it is not stored.</param>
internal sealed class ChatCompletionWriter(string id, long created, ChatCompletionRequest request, CompletionRecorder? recorder) : OpenAiWriter
{
    // What a stream has sent so far; null if it is not stored.
    private readonly CompleteOutput? _stored = recorder is null ? null : new();

    private bool _hasBegun;

    public override byte[] SerializeComplete(CompleteOutput answer)
    {
        ChatCompletion completion = Complete(answer);
        recorder?.Finish(completion);
        return JsonSerializer.SerializeToUtf8Bytes(completion, OpenAiJson.Wire.ChatCompletion);
    }

    private ChatCompletion Complete(CompleteOutput answer)
    {
        GenerationSummary summary = answer.Summary;
        string content = answer.Content, reasoning = answer.Reasoning;
        ChatToolCall[] calls = [.. answer.ToolCalls.Select(call => CallOf(call, isStreamed: false))];
        ChatCompletionMessage message = new("assistant", content.Length == 0 && calls.Length > 0 ? null : content, null)
        {
            ReasoningContent = reasoning.Length > 0 ? reasoning : null,
            ToolCalls = calls.Length > 0 && !request.UsesFunctions ? calls : null,
            FunctionCall = request.UsesFunctions ? calls.FirstOrDefault()?.Function : null,
        };
        return new(
            id, ChatCompletion.Kind, created, request.Model!, Fingerprint, [new(0, message, null, ReasonOf(summary))], UsageOf(summary))
        {
            Timings = Timings.Of(summary),
        };
    }

    public override void WriteEvent(GenerationEvent item, IBufferWriter<byte> output)
    {
        // The first event has the role, where clients expect it.
        if (!_hasBegun)
            WriteDelta(new() { Role = "assistant", Content = "" }, output);
        _hasBegun = true;
        _stored?.Add(item);
        if (item.Part is { } part and not UnopenedReasoningPart)
            WriteDelta(DeltaOf(part), output);
        if (item.Summary is not { } summary)
            return;

        WriteChunk([new(0, new ChatDelta(), null, ReasonOf(summary))], null, Timings.Of(summary), output);
        if (request.IncludesUsage)
            WriteChunk([], UsageOf(summary), null, output);
        WriteDone(output);
        if (_stored is not null)
            recorder!.Finish(Complete(_stored));
    }

    private string ReasonOf(GenerationSummary summary) =>
        request.UsesFunctions && summary.FinishReason == FinishReason.ToolCalls ? "function_call" : summary.FinishReason.ToWire();

    private ChatDelta DeltaOf(OutputPart part) => part switch
    {
        ContentPart text => new() { Content = text.Text },
        ReasoningPart thought => new() { ReasoningContent = thought.Text },
        ToolCallPart call when request.UsesFunctions => new() { FunctionCall = new(call.Name, call.Arguments) },
        ToolCallPart call => new() { ToolCalls = [CallOf(call, isStreamed: true)] },
        _ => throw new InvalidOperationException(part.GetType().Name),
    };

    private ChatToolCall CallOf(ToolCallPart call, bool isStreamed)
    {
        int? index = isStreamed ? call.Index : null;
        return request.Tools.OriginOf(call.Name) is { IsCustom: true } custom
            ? new(index, call.Id, "custom") { Custom = new(custom.Name, CustomTool.InputOf(call.Arguments)) }
            : new(index, call.Id, "function") { Function = new(call.Name, call.Arguments) };
    }

    private void WriteDelta(ChatDelta delta, IBufferWriter<byte> output) => WriteChunk([new(0, delta, null, null)], null, null, output);

    private void WriteChunk(ChatChunkChoice[] choices, CompletionUsage? usage, Timings? timings, IBufferWriter<byte> output) => Events.WriteSse(
        new ChatCompletionChunk(id, ChatCompletionChunk.Kind, created, request.Model!, Fingerprint, choices, usage) { Timings = timings },
        OpenAiJson.Wire.ChatCompletionChunk,
        output);
}

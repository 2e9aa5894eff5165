using System.Buffers;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Completions;

/// <summary>Writes the response of <c>POST /v1/completions</c>. All events of a stream have the same id, created and model.</summary>
/// <param name="created">Time of the request, Unix time in seconds.</param>
/// <param name="id">Id of the completion, see <see cref="OpenAiWriter.NewId"/>.</param>
internal sealed class TextCompletionWriter(string id, long created, TextCompletionRequest request) : OpenAiWriter
{
    private bool _hasBegun;

    public override byte[] SerializeComplete(CompleteOutput answer)
    {
        string text = (request.Echoes ? request.Prompt : "") + answer.Content;
        TextCompletion completion = Of([new(text, 0, null, answer.Summary.FinishReason.ToWire())], UsageOf(answer.Summary), Timings.Of(answer.Summary));
        return JsonSerializer.SerializeToUtf8Bytes(completion, OpenAiJson.Wire.TextCompletion);
    }

    public override void WriteEvent(GenerationEvent item, IBufferWriter<byte> output)
    {
        if (!_hasBegun && request.Echoes)
            Write([new(request.Prompt, 0, null, null)], null, null, output);
        _hasBegun = true;
        if (item.Part is ContentPart content)
            Write([new(content.Text, 0, null, null)], null, null, output);
        if (item.Summary is not { } summary)
            return;

        Write([new("", 0, null, summary.FinishReason.ToWire())], null, Timings.Of(summary), output);
        if (request.IncludesUsage)
            Write([], UsageOf(summary), null, output);
        WriteDone(output);
    }

    private TextCompletion Of(TextCompletionChoice[] choices, CompletionUsage? usage, Timings? timings) =>
        new(id, TextCompletion.Kind, created, request.Model, Fingerprint, choices, usage) { Timings = timings };

    private void Write(TextCompletionChoice[] choices, CompletionUsage? usage, Timings? timings, IBufferWriter<byte> output) =>
        Events.WriteSse(Of(choices, usage, timings), OpenAiJson.Wire.TextCompletion, output);
}

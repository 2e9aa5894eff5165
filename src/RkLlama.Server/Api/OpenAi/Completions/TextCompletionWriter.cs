using System.Buffers;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Server.Api.Common.Writers;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Completions;

/// <summary>Writes the response of <c>POST /v1/completions</c>. All events of a stream have the same id, created and model.</summary>
/// <param name="created">Time of the request, Unix time in seconds.</param>
/// <param name="id">Id of the completion, see <see cref="EventStreamWriter.NewId"/>.</param>
internal sealed class TextCompletionWriter(string id, long created, TextCompletionRequest request) : OpenAiWriter
{
    // The prompt whose output is written, and what is known of the prompts before it.
    private int _index;
    private bool _hasBegun;
    private CompletionUsage? _usage;

    private string Echo => request.Echoes ? request.Prompts[_index].Text ?? "" : "";

    public override byte[] SerializeComplete(CompleteOutput answer) => SerializeAll([answer]);

    public override byte[] SerializeAll(IReadOnlyList<CompleteOutput> answers)
    {
        List<TextCompletionChoice> choices = [];
        foreach (CompleteOutput answer in answers)
        {
            choices.Add(new(Echo + answer.Content, _index, null, answer.Summary.FinishReason.ToWire()));
            AddUsage(answer.Summary);
            _index++;
        }

        // The times of several generations have no common meaning.
        TextCompletion completion = Of([.. choices], _usage, answers.Count == 1 ? Timings.Of(answers[0].Summary) : null);
        return JsonSerializer.SerializeToUtf8Bytes(completion, OpenAiJson.Wire.TextCompletion);
    }

    public override void WriteEvent(GenerationEvent item, IBufferWriter<byte> output)
    {
        if (!_hasBegun && Echo is { Length: > 0 } echo)
            Write([new(echo, _index, null, null)], null, null, output);
        _hasBegun = true;
        if (item.Part is ContentPart content)
            Write([new(content.Text, _index, null, null)], null, null, output);
        if (item.Summary is not { } summary)
            return;

        Write([new("", _index, null, summary.FinishReason.ToWire())], null, Timings.Of(summary), output);
        AddUsage(summary);
        _hasBegun = false;
        if (++_index < request.Prompts.Count)
            return;
        if (request.IncludesUsage)
            Write([], _usage, null, output);
        WriteDone(output);
    }

    private void AddUsage(GenerationSummary summary)
    {
        CompletionUsage usage = UsageOf(summary);
        _usage = _usage is null ? usage : _usage + usage;
    }

    private TextCompletion Of(TextCompletionChoice[] choices, CompletionUsage? usage, Timings? timings) =>
        new(id, TextCompletion.Kind, created, request.Model!, Fingerprint, choices, usage) { Timings = timings };

    private void Write(TextCompletionChoice[] choices, CompletionUsage? usage, Timings? timings, IBufferWriter<byte> output) =>
        Events.WriteSse(Of(choices, usage, timings), OpenAiJson.Wire.TextCompletion, output);
}

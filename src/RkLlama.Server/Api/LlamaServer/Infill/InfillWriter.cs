using System.Buffers;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Server.Api.Common.Writers;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.LlamaServer.Infill;

/// <summary>Writes the response of <c>POST /infill</c>.</summary>
/// <param name="promptTokens">Number of tokens of the prompt.</param>
internal sealed class InfillWriter(InfillRequest request, int promptTokens) : EventStreamWriter
{
    public override byte[] SerializeComplete(CompleteOutput answer) =>
        JsonSerializer.SerializeToUtf8Bytes(EndOf(request.OnlyFillsCache ? "" : answer.Content, answer.Summary), LlamaServerJson.Wire.InfillReply);

    public override void WriteEvent(GenerationEvent item, IBufferWriter<byte> output)
    {
        if (item.Part is ContentPart content && !request.OnlyFillsCache)
            Write(new(0, content.Text, Stop: false, item.OutputTokens, promptTokens), output);
        if (item.Summary is { } summary)
            Write(EndOf("", summary), output);
    }

    public override void WriteError(ApiException error, IBufferWriter<byte> output) =>
        Events.WriteSse(LlamaServerError.From(error), LlamaServerJson.Wire.LlamaServerError, output);

    private InfillReply EndOf(string content, GenerationSummary summary) => new(0, content, Stop: true, summary.OutputTokens, summary.PromptTokens)
    {
        Model = request.Model,
        StopType = summary.FinishReason == FinishReason.Length ? "limit" : StoppingWordOf(summary).Length > 0 ? "word" : "eos",
        StoppingWord = StoppingWordOf(summary),
        TokensCached = summary.CachedTokens ?? 0,
        Truncated = false,
        Timings = Timings.Of(summary),
    };

    /// <summary>Returns the stop sequence of the request that ended the output. The end tokens of the model's family also stop, but are no words of the client.</summary>
    private string StoppingWordOf(GenerationSummary summary) => summary.StopSequence is { } found && request.StopSequences.Contains(found) ? found : "";

    private void Write(InfillReply reply, IBufferWriter<byte> output) => Events.WriteSse(reply, LlamaServerJson.Wire.InfillReply, output);
}

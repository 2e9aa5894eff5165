using System.Buffers;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.OpenAi.Responses;

/// <summary>Writes the response of <c>POST /v1/responses</c>. The events of a stream have names and sequence numbers.</summary>
/// <param name="recorder">Stores the response; <see langword="null"/> if it is not stored.</param>
internal sealed class ResponseWriter(ResponseBuilder builder, ResponseRecorder? recorder) : OpenAiWriter
{
    private bool _hasBegun;

    public override byte[] SerializeComplete(CompleteOutput answer)
    {
        // The events are enumerated only because this builds the response.
        _ = answer.Parts.SelectMany(builder.Take).Concat(builder.End(answer.Summary)).ToArray();
        Response response = builder.Finished(answer.Summary);
        recorder?.Finish(response);
        return JsonSerializer.SerializeToUtf8Bytes(response, OpenAiJson.Wire.Response);
    }

    public override void WriteEvent(GenerationEvent item, IBufferWriter<byte> output)
    {
        if (!_hasBegun)
            Write(builder.Begin(), output);
        _hasBegun = true;
        if (item.Part is { } part)
            Write(builder.Take(part), output);
        if (item.Summary is not { } summary)
            return;
        Write(builder.End(summary), output);
        recorder?.Finish(builder.Finished(summary));
    }

    public override void WriteError(ApiException error, IBufferWriter<byte> output)
    {
        OpenAiErrorBody body = OpenAiError.From(error).Error;
        ResponseErrorEvent last = new("error", builder.NextNumber, body.Code, body.Message, body.Param, body);
        Events.WriteSse(last, OpenAiJson.Wire.ResponseErrorEvent, output, last.Type);
    }

    private void Write(IEnumerable<ResponseEvent> events, IBufferWriter<byte> output)
    {
        foreach (ResponseEvent item in events)
            Events.WriteSse(item, OpenAiJson.Wire.ResponseEvent, output, item.Type);
    }
}

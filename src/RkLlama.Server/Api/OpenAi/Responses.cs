using System.Runtime.CompilerServices;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Api.OpenAi;

/// <summary><c>POST /v1/responses</c>, without a memory.</summary>
internal static class Responses
{
    internal static async Task<IResult> Create(HttpContext context, RequestReader reader, AnswerSorter answers, Heartbeat heartbeat, TimeProvider time)
    {
        JsonElement body = await reader.ReadRunAsync(context).ConfigureAwait(false);
        CancellationToken cancellationToken = context.RequestAborted;
        ResponsesRequest request = ResponsesRequest.From(body);
        PreparedAnswer answer = await answers.PrepareAsync(
            new(request.Conversation, request.Sampling, request.MaxTokens)
            {
                Model = request.Model,
                PromptField = "input",
                Ledger = context.Ledger(),
            },
            request.Wishes,
            cancellationToken).ConfigureAwait(false);
        answer.RequireCompletion(request.Model, "responses");
        context.Response.ReportIgnored(answer.Model, request.Sampling, [.. request.Unsupported, .. ToolChoice.Ignored(request.Tools, request.Model, answer.Prompts)]);

        ResponseBuilder builder = new(request, time.GetUtcNow().ToUnixTimeSeconds());
        return request.Stream
            ? new SseStream(
                heartbeat.FillAsync(EventsAsync(answer, request.Tools, builder, cancellationToken), static () => SseStream.Comment, cancellationToken),
                error => LastEvent(error, builder.NextNumber))
            : new AwaitedJsonAnswer<Response>(left => WholeAsync(answer, request.Tools, builder, left), ApiJson.Wire.Response, heartbeat);
    }

    private static async Task<Response> WholeAsync(PreparedAnswer answer, ToolFields tools, ResponseBuilder builder, CancellationToken cancellationToken)
    {
        AnswerEnd? end = null;
        await foreach (SortedPart part in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            end = part.End;
            foreach (ResponseEvent _ in EventsOf(part, tools, builder))
            {
                // Only the response that they add up to is asked for.
            }
        }

        return builder.Finished(end!);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> EventsAsync(
        PreparedAnswer answer, ToolFields tools, ResponseBuilder builder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        bool hasBegun = false;
        await foreach (SortedPart part in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (ResponseEvent news in hasBegun ? EventsOf(part, tools, builder) : [.. builder.Begin(), .. EventsOf(part, tools, builder)])
                yield return SseStream.Event(news.Type, JsonSerializer.SerializeToUtf8Bytes(news, ApiJson.Wire.ResponseEvent));
            hasBegun = true;
        }
    }

    private static IEnumerable<ResponseEvent> EventsOf(SortedPart part, ToolFields tools, ResponseBuilder builder)
    {
        if (part.End is not { } end)
            return builder.Take(part.Part!);
        ToolChoice.RequireCall(tools, end);
        return builder.End(end);
    }

    private static ReadOnlyMemory<byte> LastEvent(byte[] error, int number)
    {
        OpenAiErrorBody body = JsonSerializer.Deserialize(error, ApiJson.Wire.OpenAiError)!.Error;
        ResponseErrorEvent last = new("error", number, body.Code, body.Message, body.Param, body);
        return SseStream.Event("error", JsonSerializer.SerializeToUtf8Bytes(last, ApiJson.Wire.ResponseErrorEvent));
    }
}

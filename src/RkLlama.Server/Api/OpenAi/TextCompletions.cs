using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Api.OpenAi;

/// <summary><c>POST /v1/completions</c>: the prompt goes in as it is, and the answer comes out as it is.</summary>
internal static class TextCompletions
{
    internal static async Task<IResult> Create(HttpContext context, RequestReader reader, AnswerSorter answers, Heartbeat heartbeat, TimeProvider time)
    {
        JsonElement body = await reader.ReadRunAsync(context).ConfigureAwait(false);
        CancellationToken cancellationToken = context.RequestAborted;
        TextCompletionRequest request = TextCompletionRequest.From(body);
        PreparedAnswer answer = await answers.PrepareAsync(
            new(new Conversation([]), request.Sampling, request.MaxTokens)
            {
                Model = request.Model,
                RawPrompt = request.Prompt,
                PromptField = "prompt",
                Ledger = context.Ledger(),
            },
            new() { StopSequences = request.StopSequences, SplitsReasoning = false },
            cancellationToken).ConfigureAwait(false);
        answer.RequireCompletion(request.Model, "completions");
        context.Response.ReportIgnored(answer.Model, request.Sampling, request.Unsupported);

        Reply reply = new(ChatCompletions.NewId("cmpl-"), time.GetUtcNow().ToUnixTimeSeconds(), request);
        return request.Stream
            ? new SseStream(heartbeat.FillAsync(reply.EventsAsync(answer, cancellationToken), static () => SseStream.Comment, cancellationToken))
            : new AwaitedJsonAnswer<TextCompletion>(left => reply.WholeAsync(answer, left), ApiJson.Wire.TextCompletion, heartbeat);
    }

    /// <summary>One answer: all of its parts have the same id, time and model.</summary>
    private sealed class Reply(string id, long created, TextCompletionRequest request)
    {
        internal async Task<TextCompletion> WholeAsync(PreparedAnswer answer, CancellationToken cancellationToken)
        {
            StringBuilder text = new(request.Echoes ? request.Prompt : "");
            AnswerEnd? end = null;
            await foreach (SortedPart part in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                end = part.End;
                if (part.Part is ContentPart content)
                    text.Append(content.Text);
            }

            return Of([new(text.ToString(), 0, null, end!.FinishReason)], ChatCompletions.UsageOf(end), Timings.Of(end));
        }

        internal async IAsyncEnumerable<ReadOnlyMemory<byte>> EventsAsync(PreparedAnswer answer, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            bool isFirst = true;
            await foreach (SortedPart part in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                if (isFirst && request.Echoes)
                    yield return Event([new(request.Prompt, 0, null, null)], null);
                isFirst = false;
                if (part.Part is ContentPart content)
                    yield return Event([new(content.Text, 0, null, null)], null);
                if (part.End is not { } end)
                    continue;

                yield return Event([new("", 0, null, end.FinishReason)], null, Timings.Of(end));
                if (request.IncludesUsage)
                    yield return Event([], ChatCompletions.UsageOf(end));
                yield return SseStream.Done;
            }
        }

        private TextCompletion Of(TextCompletionChoice[] choices, CompletionUsage? usage, Timings? timings) =>
            new(id, TextCompletion.Kind, created, request.Model, ChatCompletions.Fingerprint, choices, usage) { Timings = timings };

        private ReadOnlyMemory<byte> Event(TextCompletionChoice[] choices, CompletionUsage? usage, Timings? timings = null) =>
            StreamingResponse.AsEvent(JsonSerializer.SerializeToUtf8Bytes(Of(choices, usage, timings), ApiJson.Wire.TextCompletion));
    }
}

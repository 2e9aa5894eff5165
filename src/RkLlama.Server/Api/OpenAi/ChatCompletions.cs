using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Api.OpenAi;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal static class ChatCompletions
{
    internal static string Fingerprint { get; } = $"rkllama-{BuildInfo.Version}";

    internal static async Task<IResult> Create(HttpContext context, RequestReader reader, AnswerSorter answers, Heartbeat heartbeat, TimeProvider time)
    {
        JsonElement body = await reader.ReadRunAsync(context).ConfigureAwait(false);
        CancellationToken cancellationToken = context.RequestAborted;
        ChatCompletionRequest request = ChatCompletionRequest.From(body);
        PreparedAnswer answer = await answers.PrepareAsync(
            new(request.Conversation, request.Sampling, request.MaxTokens) { Model = request.Model, Ledger = context.Ledger() },
            request.Wishes,
            cancellationToken).ConfigureAwait(false);
        answer.RequireCompletion(request.Model, "chat");
        context.Response.ReportIgnored(answer.Model, request.Sampling, [.. request.Unsupported, .. ToolChoice.Ignored(request.Tools, request.Model, answer.Prompts)]);

        Reply reply = new(NewId("chatcmpl-"), time.GetUtcNow().ToUnixTimeSeconds(), request);
        return request.Stream
            ? new SseStream(heartbeat.FillAsync(reply.EventsAsync(answer, cancellationToken), static () => SseStream.Comment, cancellationToken))
            : new AwaitedJsonAnswer<ChatCompletion>(left => reply.WholeAsync(answer, left), ApiJson.Wire.ChatCompletion, heartbeat);
    }

    internal static string NewId(string prefix) => prefix + RandomNumberGenerator.GetHexString(24, lowercase: true);

    /// <summary>The figures at the end of an answer.</summary>
    internal static CompletionUsage UsageOf(AnswerEnd end) => new(end.PromptTokens, end.OutputTokens, end.PromptTokens + end.OutputTokens)
    {
        PromptTokensDetails = new(end.CachedTokens ?? 0),
        CompletionTokensDetails = new(end.ReasoningTokens),
    };

    /// <summary>One answer: all of its parts have the same id, time and model.</summary>
    private sealed class Reply(string id, long created, ChatCompletionRequest request)
    {
        internal async Task<ChatCompletion> WholeAsync(PreparedAnswer answer, CancellationToken cancellationToken)
        {
            StringBuilder content = new(), reasoning = new();
            List<ChatToolCall> calls = [];
            AnswerEnd? end = null;
            await foreach (SortedPart part in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                end = part.End;
                switch (part.Part)
                {
                    case ContentPart text:
                        content.Append(text.Text);
                        break;
                    case ReasoningPart thought:
                        reasoning.Append(thought.Text);
                        break;
                    case ToolCallPart call:
                        calls.Add(CallOf(call, isStreamed: false));
                        break;
                }
            }

            ToolChoice.RequireCall(request.Tools, end!);
            ChatCompletionMessage message = new("assistant", content.Length == 0 && calls.Count > 0 ? null : content.ToString(), null)
            {
                ReasoningContent = reasoning.Length > 0 ? reasoning.ToString() : null,
                ToolCalls = calls.Count > 0 ? [.. calls] : null,
            };
            return new(id, ChatCompletion.Kind, created, request.Model, Fingerprint, [new(0, message, null, end!.FinishReason)], UsageOf(end))
            {
                Timings = Timings.Of(end),
            };
        }

        internal async IAsyncEnumerable<ReadOnlyMemory<byte>> EventsAsync(PreparedAnswer answer, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            bool isFirst = true;
            await foreach (SortedPart part in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                // Clients take the role from the first event, and it is the first sign that the answer has begun.
                if (isFirst)
                    yield return Event(new ChatDelta { Role = "assistant", Content = "" });
                isFirst = false;
                if (part.Part is { } news)
                    yield return Event(DeltaOf(news));
                if (part.End is not { } end)
                    continue;

                ToolChoice.RequireCall(request.Tools, end);
                yield return Chunk([new(0, new ChatDelta(), null, end.FinishReason)], null, Timings.Of(end));
                if (request.IncludesUsage)
                    yield return Chunk([], UsageOf(end));
                yield return SseStream.Done;
            }
        }

        private static ChatDelta DeltaOf(OutputPart part) => part switch
        {
            ContentPart text => new() { Content = text.Text },
            ReasoningPart thought => new() { ReasoningContent = thought.Text },
            ToolCallPart call => new() { ToolCalls = [CallOf(call, isStreamed: true)] },
            _ => throw new InvalidOperationException(part.GetType().Name),
        };

        private static ChatToolCall CallOf(ToolCallPart call, bool isStreamed) =>
            new(isStreamed ? call.Index : null, call.Id, "function", new(call.Name, call.Arguments));

        private ReadOnlyMemory<byte> Event(ChatDelta delta) => Chunk([new(0, delta, null, null)], null);

        private ReadOnlyMemory<byte> Chunk(ChatChunkChoice[] choices, CompletionUsage? usage, Timings? timings = null) => StreamingResponse.AsEvent(JsonSerializer.SerializeToUtf8Bytes(
            new ChatCompletionChunk(id, ChatCompletionChunk.Kind, created, request.Model, Fingerprint, choices, usage) { Timings = timings }, ApiJson.Wire.ChatCompletionChunk));
    }
}

using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Output;
using RkLlama.Prompts;
using RkLlama.Server.Http;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Api.Ollama;

/// <summary><c>POST /api/chat</c>.</summary>
internal static class OllamaChat
{
    internal static async Task<IResult> Create(
        HttpContext context, RequestReader reader, Generator generator, AnswerSorter answers, ModelHost host, Heartbeat heartbeat, TimeProvider time)
    {
        JsonElement body = await reader.ReadRunAsync(context).ConfigureAwait(false);
        CancellationToken cancellationToken = context.RequestAborted;
        OllamaChatRequest request = OllamaChatRequest.From(body);
        OllamaRun<OllamaChatReply> run = new(
            request.Model, request.KeepAlive, request.Stream, part => Reply(part is null ? [] : [part]), Reply, ApiJson.Wire.OllamaChatReply);
        if (request.Messages.Count == 0)
            return run.LoadOnly(generator, host, heartbeat);

        Conversation conversation = new(request.Messages) { Tools = request.Tools.Tools, EnableThinking = request.Thinking.IsOn };
        OutputWishes wishes = new()
        {
            StopSequences = request.Options.StopSequences,
            Tools = request.Tools.Schemas(),
            DropsCalls = request.Tools.Tools is null,
            ThinkingBudget = request.Thinking.Budget,
            Format = request.Format,
        };
        PreparedAnswer answer = await answers.PrepareAsync(
            new(conversation, request.Options.Sampling, request.Options.MaxTokens)
            {
                Model = request.Model,
                KeepAlive = request.KeepAlive,
                Ledger = context.Ledger(),
            },
            wishes,
            cancellationToken).ConfigureAwait(false);
        return run.Answer(context, answer, "chat", request.Options, request.Tools.Tools is not null, request.Thinking, heartbeat);

        OllamaChatReply Reply(IReadOnlyList<OutputPart> parts) => new(request.Model, OllamaTime.Of(time.GetUtcNow()), MessageOf(parts)) { Done = false };
    }

    private static OllamaMessage MessageOf(IReadOnlyList<OutputPart> parts)
    {
        string thinking = string.Concat(parts.OfType<ReasoningPart>().Select(static part => part.Text));
        OllamaToolCall[] calls = [.. parts.OfType<ToolCallPart>().Select(static call => new OllamaToolCall(call.Id, new(call.Index, call.Name, ObjectOf(call.Arguments))))];
        return new("assistant", string.Concat(parts.OfType<ContentPart>().Select(static part => part.Text)))
        {
            Thinking = thinking.Length > 0 ? thinking : null,
            ToolCalls = calls.Length > 0 ? calls : null,
        };
    }

    private static JsonElement ObjectOf(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}

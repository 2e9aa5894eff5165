using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Output;
using RkLlama.Prompts;
using RkLlama.Server.Http;
using RkLlama.Server.Middleware;

namespace RkLlama.Server.Api.Ollama;

/// <summary><c>POST /api/generate</c>: one user turn, or, with raw, a prompt as it is.</summary>
internal static class OllamaGenerate
{
    internal static async Task<IResult> Create(
        HttpContext context, RequestReader reader, Generator generator, AnswerSorter answers, ModelHost host, Heartbeat heartbeat, TimeProvider time)
    {
        JsonElement body = await reader.ReadRunAsync(context).ConfigureAwait(false);
        CancellationToken cancellationToken = context.RequestAborted;
        OllamaGenerateRequest request = OllamaGenerateRequest.From(body);
        OllamaRun<OllamaGenerateReply> run = new(
            request.Model, request.KeepAlive, request.Stream, part => Reply(part is null ? [] : [part]), Reply, ApiJson.Wire.OllamaGenerateReply);
        if (request.Prompt.Length == 0)
            return run.LoadOnly(generator, host, heartbeat);

        ChatMessage user = new("user", request.Prompt);
        Conversation conversation = new(request.System is { } system ? [new("system", system), user] : [user]) { EnableThinking = request.Thinking.IsOn };
        OutputWishes wishes = new()
        {
            StopSequences = request.Options.StopSequences,
            SplitsReasoning = !request.IsRaw,
            ThinkingBudget = request.Thinking.Budget,
            Format = request.Format,
        };
        PreparedAnswer answer = await answers.PrepareAsync(
            new(conversation, request.Options.Sampling, request.Options.MaxTokens)
            {
                Model = request.Model,
                KeepAlive = request.KeepAlive,
                PromptField = "prompt",
                Ledger = context.Ledger(),
                RawPrompt = request.IsRaw ? request.Prompt : null,
            },
            wishes,
            cancellationToken).ConfigureAwait(false);
        return run.Answer(context, answer, "generate", request.Options, offersTools: false, request.Thinking, heartbeat);

        OllamaGenerateReply Reply(IReadOnlyList<OutputPart> parts)
        {
            string thinking = string.Concat(parts.OfType<ReasoningPart>().Select(static part => part.Text));
            string text = string.Concat(parts.OfType<ContentPart>().Select(static part => part.Text));
            return new(request.Model, OllamaTime.Of(time.GetUtcNow()), text, thinking.Length > 0 ? thinking : null) { Done = false };
        }
    }
}

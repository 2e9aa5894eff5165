using System.Text.Json;
using RkLlama.Prompts;
using RkLlama.Server.Configuration;
using RkLlama.Server.Contracts;
using RkLlama.Server.Contracts.Ollama;
using RkLlama.Server.Inference;
using RkLlama.Server.Output;
using RkLlama.Server.Streaming;

namespace RkLlama.Server.Endpoints.Ollama;

/// <summary><c>POST /api/generate</c>: one user turn, or, with raw, a prompt as it is.</summary>
internal static class OllamaGenerate
{
    internal static async Task<IResult> Create(
        HttpContext context, Generator generator, ModelHost host, Heartbeat heartbeat, ServerOptions options, TimeProvider time)
    {
        CancellationToken cancellationToken = context.RequestAborted;
        JsonElement body = await RequestBody.ReadJsonAsync(context.Request, options.MaxRequestBytes, cancellationToken).ConfigureAwait(false);
        OllamaGenerateRequest request = OllamaGenerateRequest.From(body);
        OllamaRun<OllamaGenerateReply> run = new(
            request.Model, request.KeepAlive, request.Stream, part => Reply(part is null ? [] : [part]), Reply, ApiJson.Wire.OllamaGenerateReply);
        if (request.Prompt.Length == 0)
            return run.LoadOnly(generator, host, heartbeat);

        ChatMessage user = new("user", request.Prompt);
        Conversation conversation = new(request.System is { } system ? [new("system", system), user] : [user]) { EnableThinking = request.Think };
        Answer answer = await generator.PrepareAsync(
            new(conversation, request.Options.Sampling, request.Options.MaxTokens)
            {
                Model = request.Model,
                KeepAlive = request.KeepAlive,
                RawPrompt = request.IsRaw ? request.Prompt : null,
            },
            cancellationToken).ConfigureAwait(false);
        OutputWishes wishes = OutputWishes.Plain(request.Options.StopSequences) with { SplitsReasoning = !request.IsRaw };
        return await run.AnswerAsync(context, answer, request.Options.Sampling, request.Options.Unsupported, wishes, request.Think, heartbeat).ConfigureAwait(false);

        OllamaGenerateReply Reply(IReadOnlyList<OutputPart> parts)
        {
            string thinking = string.Concat(parts.OfType<ReasoningPart>().Select(static part => part.Text));
            string text = string.Concat(parts.OfType<ContentPart>().Select(static part => part.Text));
            return new(request.Model, OllamaTime.Of(time.GetUtcNow()), text, thinking.Length > 0 ? thinking : null) { Done = false };
        }
    }
}

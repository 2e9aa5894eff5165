using System.Text;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.OpenAi.Chat;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.LlamaServer.Tokens;

/// <summary>The endpoints that convert texts to tokens and back, and messages to prompts. They run no model.</summary>
internal static class TokenEndpoints
{
    internal static async Task<JsonResult<TokenizeReply>> Tokenize(
        HttpContext context, RequestReader reader, TokenizationService tokens, GenerationService generation, ModelHost host)
    {
        (TokenizeBody body, IReadOnlyList<string> ignored) = await reader.ReadAsync(context, static (json, _) => Read<TokenizeBody>(json)).ConfigureAwait(false);
        string model = RequestedModel.Of(body.Model, host);
        CancellationToken aborted = context.RequestAborted;
        List<ChatMessage>? messages = body.Messages is null ? null : MessageReader.ReadAll(body.Messages, out _);
        TokenizedText text = (body.Content ?? body.Prompt) is { } content
            ? await tokens.EncodeAsync(model, content, body.ParseSpecial ?? true, aborted).ConfigureAwait(false)
            : await EncodeAsync(messages ?? throw ApiException.BadRequest("content is missing: send the text to tokenize.", "content")).ConfigureAwait(false);
        IReadOnlyList<byte[]>? pieces = body.WithPieces == true || body.ReturnTokenStrs == true ? await tokens.PiecesAsync(model, text.Tokens, aborted).ConfigureAwait(false) : null;
        context.Response.ReportIgnored(ignored);
        TokenizeReply reply = new(new(text.Tokens, body.WithPieces == true ? pieces : null), text.Tokens.Count, text.ContextLength)
        {
            TokenStrs = body.ReturnTokenStrs == true ? [.. pieces!.Select(Encoding.UTF8.GetString)] : null,
        };
        return new(reply, LlamaServerJson.Wire.TokenizeReply);

        async Task<TokenizedText> EncodeAsync(List<ChatMessage> conversation)
        {
            GenerationRequest request = new(new(conversation) { ContinuesLastMessage = true }, new(), null) { Model = model, Trace = context.Trace() };
            Prompt prompt = await generation.BuildPromptAsync(request, aborted).ConfigureAwait(false);
            return new(prompt.Tokens ?? throw new PromptException("The model has no tokenizer."), host.Find(model).ContextLength);
        }
    }

    internal static async Task<JsonResult<DetokenizeReply>> Detokenize(HttpContext context, RequestReader reader, TokenizationService tokens, ModelHost host)
    {
        (DetokenizeBody body, IReadOnlyList<string> ignored) = await reader.ReadAsync(context, static (json, _) => Read<DetokenizeBody>(json)).ConfigureAwait(false);
        IReadOnlyList<int> ids = body.Tokens.Inputs switch
        {
            [{ Tokens: { } given }] => given,
            [] => [],
            _ => throw JsonFields.Wrong("tokens", "an array of token ids"),
        };
        string text = await tokens.DecodeAsync(RequestedModel.Of(body.Model, host), ids, context.RequestAborted).ConfigureAwait(false);
        context.Response.ReportIgnored(ignored);
        return new(new(text, text), LlamaServerJson.Wire.DetokenizeReply);
    }

    internal static async Task<JsonResult<ApplyTemplateReply>> ApplyTemplate(HttpContext context, RequestReader reader, GenerationService generation, ModelHost host)
    {
        ChatCompletionRequest request = await reader.ReadAsync(context, ChatCompletionRequest.From).ConfigureAwait(false);
        request = request with { Model = RequestedModel.Of(request.Model, host) };
        Prompt prompt = await generation.BuildPromptAsync(request.ToGeneration(context.Trace()), context.RequestAborted).ConfigureAwait(false);
        context.Response.ReportIgnored(request.Unsupported);
        return new(new(prompt.Text.Text), LlamaServerJson.Wire.ApplyTemplateReply);
    }

    private static (T Body, IReadOnlyList<string> Ignored) Read<T>(JsonElement json)
        where T : class
    {
        JsonFields.RequireObject(json);
        return (LlamaServerBodyJson.Reader.Read<T>(json), IgnoredFields.Unknown<T>(LlamaServerBodyJson.Reader, json));
    }
}

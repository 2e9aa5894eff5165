using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Ollama;

/// <summary>What the requests of the Ollama API have in common.</summary>
internal static class OllamaFields
{
    internal static void RequireObject(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw ApiException.BadRequest("the request body must be a JSON object");
    }

    /// <summary>The model; older clients call it name.</summary>
    internal static string ReadModel(JsonElement body) => (body.Text("model") ?? body.Text("name")) is { Length: > 0 } model
        ? model
        : throw ApiException.BadRequest("model is required");

    /// <summary>Streaming is the default of this API.</summary>
    internal static bool ReadStream(JsonElement body) => body.Flag("stream") ?? true;
}

/// <summary>The body of <c>POST /api/chat</c>.</summary>
/// <param name="Messages">None: the request only loads or unloads the model.</param>
internal sealed record OllamaChatRequest(
    string Model, IReadOnlyList<ChatMessage> Messages, ToolFields Tools, ThinkingFields Thinking, OutputFormat? Format, bool Stream, TimeSpan? KeepAlive, OllamaOptions Options)
{
    internal GenerationRequest ToGeneration(RequestTrace trace) => new(
        new(Messages) { Tools = Tools.Tools, EnableThinking = Thinking.IsOn }, Options.Sampling, Options.MaxTokens)
    {
        Model = Model,
        KeepAlive = KeepAlive,
        Requires = RequiredCapabilities.Completion
            | (Tools.Tools is null ? RequiredCapabilities.None : RequiredCapabilities.Tools)
            | (Thinking.IsOn == true ? RequiredCapabilities.Thinking : RequiredCapabilities.None),
        Operation = "chat",
        Trace = trace,
        Output = new()
        {
            StopSequences = Options.StopSequences,
            Tools = Tools.Schemas(),
            DropsCalls = Tools.Tools is null,
            ThinkingBudget = Thinking.Budget,
            Format = Format,
        },
    };

    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OllamaChatRequest From(JsonElement body)
    {
        OllamaFields.RequireObject(body);
        return new(
            OllamaFields.ReadModel(body),
            [.. (body.Array("messages") ?? []).Select(static (message, index) => MessageReader.ReadOllama(message, $"messages[{index}]"))],
            ToolFields.From(body),
            ThinkingFields.FromOllama(body),
            body.ReadFormat(),
            OllamaFields.ReadStream(body),
            body.ReadKeepAlive(),
            OllamaOptions.From(body));
    }
}

/// <summary>The body of <c>POST /api/generate</c>.</summary>
/// <param name="Prompt">Empty: the request only loads or unloads the model.</param>
/// <param name="System">Instead of the model's own system prompt.</param>
/// <param name="IsRaw">The prompt goes in as it is.</param>
internal sealed record OllamaGenerateRequest(
    string Model, string Prompt, string? System, bool IsRaw, ThinkingFields Thinking, OutputFormat? Format, bool Stream, TimeSpan? KeepAlive, OllamaOptions Options)
{
    internal GenerationRequest ToGeneration(RequestTrace trace)
    {
        ChatMessage user = new("user", Prompt);
        Conversation conversation = new(System is { } system ? [new("system", system), user] : [user]) { EnableThinking = Thinking.IsOn };
        return new(conversation, Options.Sampling, Options.MaxTokens)
        {
            Model = Model,
            RawPrompt = IsRaw ? Prompt : null,
            PromptField = "prompt",
            KeepAlive = KeepAlive,
            Requires = RequiredCapabilities.Completion | (Thinking.IsOn == true ? RequiredCapabilities.Thinking : RequiredCapabilities.None),
            Trace = trace,
            Output = new()
            {
                StopSequences = Options.StopSequences,
                SplitsReasoning = !IsRaw,
                ThinkingBudget = Thinking.Budget,
                Format = Format,
            },
        };
    }

    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static OllamaGenerateRequest From(JsonElement body)
    {
        OllamaFields.RequireObject(body);
        string model = OllamaFields.ReadModel(body);
        if (body.Text("suffix") is { Length: > 0 })
            throw ApiException.BadRequest($"\"{model}\" does not support insert");
        if (body.Array("images") is { Count: > 0 })
            throw ApiException.BadRequest($"\"{model}\" does not support images");
        bool raw = body.Flag("raw") ?? false;
        string? system = body.Text("system"), template = body.Text("template");
        bool hasContext = body.Array("context") is { Count: > 0 };
        if (raw && (!string.IsNullOrEmpty(system) || !string.IsNullOrEmpty(template) || hasContext))
            throw ApiException.BadRequest("raw mode does not support template, system, or context");
        if (hasContext)
            throw ApiException.BadRequest("context is not supported: send the conversation to /api/chat");
        if (!string.IsNullOrEmpty(template))
            throw ApiException.BadRequest("template is not supported: the model's own is used; with raw the prompt goes in as it is");
        return new(
            model,
            body.Text("prompt") ?? "",
            system,
            raw,
            ThinkingFields.FromOllama(body),
            body.ReadFormat(),
            OllamaFields.ReadStream(body),
            body.ReadKeepAlive(),
            OllamaOptions.From(body));
    }
}

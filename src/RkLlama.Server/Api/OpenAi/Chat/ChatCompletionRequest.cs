using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.OpenAi.Chat;

/// <summary>The parsed and checked body of <c>POST /v1/chat/completions</c>.</summary>
internal sealed record ChatCompletionRequest
{
    internal required string Model { get; init; }

    internal required Conversation Conversation { get; init; }

    internal required ToolOptions Tools { get; init; }

    internal required ThinkingOptions Thinking { get; init; }

    /// <summary>The JSON format that the output must have; null for plain text.</summary>
    internal required OutputFormat? Format { get; init; }

    /// <summary>Whether the reasoning is moved into <c>reasoning_content</c>. If false, it stays in the content, with its think tags.</summary>
    internal required bool SplitsReasoning { get; init; }

    internal required bool Stream { get; init; }

    /// <summary>Whether a stream has one more event at its end, with the token usage.</summary>
    internal required bool IncludesUsage { get; init; }

    internal required int? MaxTokens { get; init; }

    internal required SamplingParameters Sampling { get; init; }

    internal required IReadOnlyList<string> StopSequences { get; init; }

    internal required IReadOnlyList<string> Unsupported { get; init; }

    internal GenerationRequest ToGeneration(RequestTrace trace) => new(Conversation, Sampling, MaxTokens)
    {
        Model = Model,
        Requires = RequiredCapabilities.Completion | (Tools.IsRequired ? RequiredCapabilities.Tools : RequiredCapabilities.None),
        Operation = "chat",
        Trace = trace,
        Output = new()
        {
            StopSequences = StopSequences,
            Tools = Tools.Schemas(),
            DropsToolCalls = Tools.Tools is null,
            RequiresToolCall = Tools.IsRequired,
            SplitsReasoning = SplitsReasoning,
            ThinkingBudget = Thinking.Budget,
            Format = Format,
        },
    };

    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    internal static ChatCompletionRequest From(JsonElement json)
    {
        ChatCompletionBody body = OpenAiRequest.Read<ChatCompletionBody>(json);
        ToolOptions tools = ToolOptions.From(body.Tools, body.ToolChoice);
        OpenAiRequest.RequireSingleTextCompletion(body.N, body.BestOf, body.Modalities);
        ThinkingOptions thinking = ThinkingOptions.From(body);
        return new()
        {
            Model = OpenAiRequest.RequireModel(body.Model),
            Conversation = new(MessagesOf(body)) { Tools = tools.Tools, EnableThinking = thinking.IsOn },
            Tools = tools,
            Thinking = thinking,
            Format = OutputFormats.From(body.ResponseFormat),

            // llama-server has the same rule.
            SplitsReasoning = body.ReasoningFormat is not "none",
            Stream = body.Stream ?? false,
            IncludesUsage = body.StreamOptions?.IncludeUsage ?? false,
            MaxTokens = OpenAiRequest.MaxTokens(body.MaxCompletionTokens ?? body.MaxTokens),
            Sampling = SamplingOptions.From(body),
            StopSequences = OpenAiRequest.Stops(body.Stop),
            Unsupported = SamplingOptions.UnsupportedFields(body),
        };
    }

    private static List<ChatMessage> MessagesOf(ChatCompletionBody body)
    {
        if (body.Messages is not { } messages)
            throw ApiException.BadRequest("messages is missing: send an array of messages.", "messages");
        if (messages.Length == 0)
            throw ApiException.BadRequest("messages is empty: send at least one message.", "messages");
        return [.. messages.Select(static (message, index) => MessageReader.Read(message, $"messages[{index}]"))];
    }
}

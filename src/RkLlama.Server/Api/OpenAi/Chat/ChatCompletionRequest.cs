using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.OpenAi.Chat;

/// <summary>The parsed and checked body of <c>POST /v1/chat/completions</c>.</summary>
internal sealed record ChatCompletionRequest
{
    /// <summary>The model; null for the loaded model, until the endpoint sets its name.</summary>
    internal required string? Model { get; init; }

    internal required Conversation Conversation { get; init; }

    internal required ToolOptions Tools { get; init; }

    /// <summary>Whether the request has <c>functions</c> in place of tools, so that the answer has <c>function_call</c>.</summary>
    internal required bool UsesFunctions { get; init; }

    /// <summary>Maximum number of tool calls in the answer; null for no limit.</summary>
    internal required int? MaxToolCalls { get; init; }

    internal required ThinkingOptions Thinking { get; init; }

    /// <summary>The JSON format that the output must have; null for plain text.</summary>
    internal required OutputFormat? Format { get; init; }

    /// <summary>Whether the reasoning is moved into <c>reasoning_content</c>. If false, it stays in the content, with its think tags.</summary>
    internal required bool SplitsReasoning { get; init; }

    internal required bool Stream { get; init; }

    /// <summary>Whether a stream has one more event at its end, with the token usage.</summary>
    internal required bool IncludesUsage { get; init; }

    internal required int? MaxTokens { get; init; }

    /// <summary>See <see cref="BackgroundTask"/>.</summary>
    internal required bool IsBackground { get; init; }

    internal required SamplingParameters Sampling { get; init; }

    internal required IReadOnlyList<string> StopSequences { get; init; }

    internal required IReadOnlyList<string> Unsupported { get; init; }

    /// <summary>The names of the fields with which the request turns thinking on or off.</summary>
    internal required IReadOnlyList<string> ThinkingSwitches { get; init; }

    internal GenerationRequest ToGeneration(RequestTrace trace) => new(Conversation, Sampling, MaxTokens)
    {
        Model = Model,
        IsBackground = IsBackground,
        Requires = RequiredCapabilities.Completion | (Tools.IsRequired ? RequiredCapabilities.Tools : RequiredCapabilities.None),
        Operation = "chat",
        Trace = trace,
        Output = new()
        {
            StopSequences = StopSequences,
            Tools = Tools.Schemas(),
            DropsToolCalls = Tools.Tools is null,
            MaxToolCalls = MaxToolCalls,
            RequiresToolCall = Tools.IsRequired,
            SplitsReasoning = SplitsReasoning,
            ThinkingBudget = Thinking.Budget,
            Format = Format,
        },
    };

    /// <summary>The messages as they are stored; <see langword="null"/> if the completion is not stored.</summary>
    internal JsonElement? StoredMessages { get; init; }

    /// <summary>The metadata of the request; <see langword="null"/> if it has none.</summary>
    internal JsonElement? Metadata { get; init; }

    /// <summary>Returns the method that parses a body.</summary>
    /// <param name="canStore">Whether the node stores answers.</param>
    internal static Func<JsonElement, CpuBudget, ChatCompletionRequest> From(bool canStore) => (json, cpu) => From(json, cpu, canStore);

    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    internal static ChatCompletionRequest From(JsonElement json, CpuBudget cpu) => From(json, cpu, canStore: false);

    private static ChatCompletionRequest From(JsonElement json, CpuBudget cpu, bool canStore)
    {
        ChatCompletionBody body = OpenAiRequest.Read<ChatCompletionBody>(json);
        bool usesFunctions = body.Tools is null && body.Functions is not null;
        ToolOptions tools = usesFunctions
            ? ToolOptions.From(body.Functions, body.ToolChoice ?? body.FunctionCall, "functions")
            : ToolOptions.From(body.Tools, body.ToolChoice);
        OpenAiRequest.RequireSingleCompletion(body.N, body.BestOf);
        ThinkingOptions thinking = ThinkingOptions.From(body);
        List<ChatMessage> messages = MessagesOf(body, out UnreadableContent unreadable);
        return new()
        {
            Model = body.Model,
            Conversation = new(messages)
            {
                Tools = tools.Tools,
                EnableThinking = thinking.IsOn,
                ContinuesLastMessage = ContinuesLastMessage(body),
                AddsGenerationPrompt = body.AddGenerationPrompt ?? true,
                TemplateVariables = body.ChatTemplateKwargs?.ToVariables(),
            },
            Tools = tools,
            UsesFunctions = usesFunctions,
            MaxToolCalls = usesFunctions || body.ParallelToolCalls == false ? 1 : null,
            Thinking = thinking,
            Format = OutputFormats.From(body, cpu),

            // llama-server has the same rule.
            SplitsReasoning = body.ReasoningFormat is not "none",
            Stream = body.Stream ?? false,
            IncludesUsage = body.StreamOptions?.IncludeUsage ?? false,
            MaxTokens = OpenAiRequest.MaxTokens(body.MaxCompletionTokens ?? body.MaxTokens),
            IsBackground = BackgroundTask.IsIn(json, messages),
            Sampling = SamplingOptions.From(body),
            StopSequences = StopOptions.From(body.Stop),
            Unsupported =
            [
                .. SamplingOptions.UnsupportedFields(body),
                .. IgnoredFields.Unknown<ChatCompletionBody>(OpenAiBodyJson.Reader, json),
                .. OpenAiRequest.IgnoredModalities(body.Modalities),
                .. body.Tools is not null && body.Functions is not null ? ["functions"] : Array.Empty<string>(),
                .. !usesFunctions && body.FunctionCall is not null ? ["function_call"] : Array.Empty<string>(),
                .. unreadable.Omitted,
                .. body.Store == true && !canStore ? ["store"] : Array.Empty<string>(),
            ],
            StoredMessages = body.Store == true && canStore ? json.GetProperty("messages") : null,
            Metadata = body.Store == true ? OpenAiRequest.CheckMetadata(body.Metadata) : null,
            ThinkingSwitches = ThinkingOptions.SwitchesOf(body),
        };
    }

    /// <summary>
    /// Whether an assistant message at the end is continued. This is the default, as in llama-server; vLLM has the two fields that decide it.
    /// </summary>
    private static bool ContinuesLastMessage(ChatCompletionBody body) => body is { ContinueFinalMessage: true, AddGenerationPrompt: true }
        ? throw ApiException.BadRequest("continue_final_message and add_generation_prompt cannot both be true.", "continue_final_message")
        : body.ContinueFinalMessage ?? body.AddGenerationPrompt != true;

    private static List<ChatMessage> MessagesOf(ChatCompletionBody body, out UnreadableContent unreadable)
    {
        if (body.Messages is not { } messages)
            throw ApiException.BadRequest("messages is missing: send an array of messages.", "messages");
        if (messages.Length == 0)
            throw ApiException.BadRequest("messages is empty: send at least one message.", "messages");
        return MessageReader.ReadAll(messages, out unreadable);
    }
}

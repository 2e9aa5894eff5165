using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Api.Common.Tools;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Reads fields that several requests of the Ollama API have.</summary>
internal static class OllamaRequest
{
    /// <summary>Deserializes a body.</summary>
    /// <exception cref="ApiException">Status 400: the body is not a JSON object, or a field has a wrong value.</exception>
    internal static T Read<T>(JsonElement json)
        where T : class => json.ValueKind == JsonValueKind.Object
            ? OllamaBodyJson.Reader.Read<T>(json)
            : throw ApiException.BadRequest("the request body must be a JSON object");

    /// <summary>Returns the model's name from <c>model</c>. If that is absent, from <c>name</c>, which older clients send.</summary>
    /// <exception cref="ApiException">Status 400: both fields are missing, the name is empty, or <c>name</c> is not a string.</exception>
    internal static string ModelOf(OllamaModelBody body) => (body.Model is { Length: > 0 } ? body.Model : TextOf(body.Name, "name")) is { Length: > 0 } model
        ? model
        : throw ApiException.BadRequest("model is required");

    /// <summary>
    /// Converts the field <c>format</c>: <c>"json"</c> or a JSON schema. An empty string means plain text, because some clients send it instead of leaving the
    /// field out.
    /// </summary>
    /// <returns>Null for plain text.</returns>
    /// <exception cref="ApiException">Status 400: the field has another value, or the schema is not supported.</exception>
    internal static OutputFormat? FormatOf(JsonElement? format, CpuBudget cpu)
    {
        const string Name = "format";
        return format?.ValueKind switch
        {
            null => null,
            JsonValueKind.String when format.Value.GetString() is "" => null,
            JsonValueKind.String when format.Value.GetString() is "json" => OutputFormat.AnyObject,
            JsonValueKind.Object => new(SchemaReader.Read(format.Value, Name, cpu), true),
            _ => throw JsonFields.Wrong(Name, "\"json\" or a JSON schema"),
        };
    }

    private static string? TextOf(JsonElement? field, string name) => field?.ValueKind switch
    {
        null => null,
        JsonValueKind.String => field.Value.GetString(),
        _ => throw JsonFields.Wrong(name, "a string"),
    };
}

/// <summary>The parsed and checked body of <c>POST /api/chat</c>.</summary>
/// <param name="Messages">The conversation. If it is empty, the request only loads or unloads the model.</param>
/// <param name="Format">The JSON format that the output must have; null for plain text.</param>
/// <param name="KeepAlive">How long the model stays loaded afterwards; null for the server's default, negative for no limit.</param>
internal sealed record OllamaChatRequest(
    string Model, IReadOnlyList<ChatMessage> Messages, ToolOptions Tools, ThinkingOptions Thinking, OutputFormat? Format, bool Stream, TimeSpan? KeepAlive, OllamaOptions Options)
{
    /// <summary>Names of the fields and parts, except options, that have no effect.</summary>
    internal IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>See <see cref="BackgroundTask"/>.</summary>
    internal bool IsBackground { get; init; }

    internal GenerationRequest ToGeneration(RequestTrace trace) => new(
        new(Messages) { Tools = Tools.Tools, EnableThinking = Thinking.IsOn, ContinuesLastMessage = true }, Options.Sampling, Options.MaxTokens)
    {
        Model = Model,
        IsBackground = IsBackground,
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
            DropsToolCalls = Tools.Tools is null,
            RequiresToolCall = Tools.IsRequired,
            ThinkingBudget = Thinking.Budget,
            Format = Format,
        },
    };

    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    internal static OllamaChatRequest From(JsonElement json, CpuBudget cpu)
    {
        OllamaChatBody body = OllamaRequest.Read<OllamaChatBody>(json);
        OllamaMessageBody?[] messages = body.Messages ?? [];
        UnreadableContent unreadable = UnreadableContent.In(messages.Select(static message => message?.Role));
        ToolOptions tools = ToolOptions.From(body.Tools, body.ToolChoice);
        ChatMessage[] read = [.. messages.Select((message, index) => OllamaMessageReader.Read(message, $"messages[{index}]", index, unreadable))];
        return new(
            OllamaRequest.ModelOf(body),
            read,
            tools,
            body.Think ?? default,
            OllamaRequest.FormatOf(body.Format, cpu),
            body.Stream ?? true,
            body.KeepAlive,
            OllamaOptions.From(body.Options, json))
        {
            Ignored = [.. IgnoredFields.Unknown<OllamaChatBody>(OllamaBodyJson.Reader, json), .. tools.Ignored, .. unreadable.Omitted],
            IsBackground = BackgroundTask.IsIn(json, read),
        };
    }
}

/// <summary>The parsed and checked body of <c>POST /api/generate</c>.</summary>
/// <param name="Prompt">The user's text. If it is empty, the request only loads or unloads the model.</param>
/// <param name="System">System prompt in place of SYSTEM of the Modelfile; null to use that of the Modelfile.</param>
/// <param name="IsRaw">Whether the prompt is used without a chat template.</param>
/// <param name="Format">The JSON format that the output must have; null for plain text.</param>
/// <param name="KeepAlive">How long the model stays loaded afterwards; null for the server's default, negative for no limit.</param>
internal sealed record OllamaGenerateRequest(
    string Model, string Prompt, string? System, bool IsRaw, ThinkingOptions Thinking, OutputFormat? Format, bool Stream, TimeSpan? KeepAlive, OllamaOptions Options)
{
    /// <summary>The text after the gap that the output fills; null if there is no gap.</summary>
    internal string? Suffix { get; init; }

    /// <summary>Whether the request only loads or unloads the model.</summary>
    internal bool HasNoPrompt => Prompt.Length == 0 && Suffix is null;

    /// <summary>Names of the fields, except options, that have no effect.</summary>
    internal IReadOnlyList<string> Ignored { get; init; } = [];

    internal GenerationRequest ToGeneration(RequestTrace trace)
    {
        ChatMessage user = new("user", Prompt);
        Conversation conversation = new(System is { } system ? [new("system", system), user] : [user]) { EnableThinking = Thinking.IsOn };
        return new(conversation, Options.Sampling, Options.MaxTokens)
        {
            Model = Model,
            RawPrompt = IsRaw || Suffix is not null ? Prompt : null,
            Suffix = Suffix,
            PromptField = "prompt",
            KeepAlive = KeepAlive,
            Requires = RequiredCapabilities.Completion | (Thinking.IsOn == true ? RequiredCapabilities.Thinking : RequiredCapabilities.None),
            Trace = trace,
            Output = new()
            {
                StopSequences = Options.StopSequences,
                SplitsReasoning = !IsRaw && Suffix is null,
                ThinkingBudget = Thinking.Budget,
                Format = Format,
            },
        };
    }

    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    internal static OllamaGenerateRequest From(JsonElement json, CpuBudget cpu)
    {
        OllamaGenerateBody body = OllamaRequest.Read<OllamaGenerateBody>(json);
        string model = OllamaRequest.ModelOf(body);
        if (body.Images is { Length: > 0 })
            throw ApiException.BadRequest($"\"{Excerpt.Of(model)}\" does not support images");
        bool raw = body.Raw ?? false, hasTemplate = !string.IsNullOrEmpty(body.Template), hasContext = body.Context is { Length: > 0 };
        if (raw && (!string.IsNullOrEmpty(body.System) || hasTemplate || hasContext))
            throw ApiException.BadRequest("raw mode does not support template, system, or context");
        if (hasContext)
            throw ApiException.BadRequest("context is not supported: send the conversation to /api/chat");
        if (hasTemplate)
            throw ApiException.BadRequest("template is not supported: the model's own is used; with raw the prompt goes in as it is");
        string? suffix = string.IsNullOrEmpty(body.Suffix) ? null : body.Suffix;
        OllamaOptions options = OllamaOptions.From(body.Options, json);

        // No family has a place for a system prompt around a gap.
        if (suffix is not null && !string.IsNullOrEmpty(body.System))
            options = options with { Unsupported = [.. options.Unsupported, "system"] };
        return new(
            model,
            body.Prompt ?? "",
            body.System,
            raw,
            body.Think ?? default,
            OllamaRequest.FormatOf(body.Format, cpu),
            body.Stream ?? true,
            body.KeepAlive,
            options)
        {
            Suffix = suffix,
            Ignored = IgnoredFields.Unknown<OllamaGenerateBody>(OllamaBodyJson.Reader, json),
        };
    }
}

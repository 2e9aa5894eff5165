using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Api.Common;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Ollama;

/// <summary>What names a model. Fields that are not known are ignored; null is as absent.</summary>
internal abstract record OllamaModelBody
{
    /// <summary>A model as GET /api/tags lists it, with its tag or without.</summary>
    public required string Model { get; init; }

    /// <summary>The older name of model, where that is absent.</summary>
    // Beside a model it may have any type.
    [AnyOf(typeof(string))]
    public JsonElement? Name { get; init; }
}

/// <summary>The model to describe.</summary>
internal sealed record OllamaShowBody : OllamaModelBody
{
    /// <summary>Accepted; there is no more to tell.</summary>
    // No effect, so it may have any type.
    [AnyOf(typeof(bool))]
    public JsonElement? Verbose { get; init; }
}

/// <summary>The model to delete.</summary>
internal sealed record OllamaDeleteBody : OllamaModelBody;

/// <summary>The model to copy, and the name of the copy.</summary>
internal sealed record OllamaCopyBody
{
    public required string Source { get; init; }

    public required string Destination { get; init; }
}

/// <summary>What every request has that needs the model in memory.</summary>
internal abstract record OllamaUseBody : OllamaModelBody
{
    /// <summary>How long the model stays loaded: seconds, or a duration such as "1h30m". 0 is not at all, a negative one for ever.</summary>
    [AnyOf(typeof(double), typeof(string))]
    [JsonConverter(typeof(OllamaKeepAliveConverter))]
    public TimeSpan? KeepAlive { get; init; }
}

/// <summary>What every run has.</summary>
internal abstract record OllamaRunBody : OllamaUseBody
{
    /// <summary>Whether the answer comes as one JSON object per line.</summary>
    [DefaultValue(true)]
    public bool? Stream { get; init; }

    /// <summary>"json", or a JSON schema that the answer shall keep to. It is asked for in the prompt, checked and repaired.</summary>
    [AnyOf(typeof(string), typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Format { get; init; }

    /// <summary>Whether the model shall think first; or how much: "low", "medium", "high" or "max".</summary>
    [AnyOf(typeof(bool), typeof(string))]
    [JsonConverter(typeof(OllamaThinkConverter))]
    public ThinkingOptions? Think { get; init; }

    public OllamaOptionsBody? Options { get; init; }
}

/// <summary>A conversation to continue.</summary>
internal sealed record OllamaChatBody : OllamaRunBody
{
    /// <summary>The whole conversation, the oldest message first. Without one the model is loaded, or, with keep_alive 0, unloaded.</summary>
    public OllamaMessageBody?[]? Messages { get; init; }

    /// <summary>Functions that the model may call.</summary>
    [AnyOf(typeof(ToolBody[]))]
    public JsonElement? Tools { get; init; }

    /// <summary>none, auto or required, or the one function that has to be called; as on /v1.</summary>
    [AnyOf(typeof(string), typeof(ToolChoiceBody))]
    public JsonElement? ToolChoice { get; init; }
}

/// <summary>One message of a conversation.</summary>
internal sealed record OllamaMessageBody
{
    [AllowedValues("system", "user", "assistant", "tool")]
    [Tolerant]
    public required string Role { get; init; }

    /// <summary>The text, or parts of it.</summary>
    [AnyOf(typeof(string), typeof(ContentPartBody[]))]
    public TextOrParts? Content { get; init; }

    /// <summary>Of an assistant: what it thought.</summary>
    [Tolerant]
    public string? Thinking { get; init; }

    /// <summary>Refused unless empty: the models are text models.</summary>
    [Count(Max = 0)]
    public string?[]? Images { get; init; }

    /// <summary>Of an assistant: the calls that it made.</summary>
    [AnyOf(typeof(ToolCallBody[]))]
    public ToolCalls? ToolCalls { get; init; }

    /// <summary>Of a tool: its name.</summary>
    [Tolerant]
    public string? ToolName { get; init; }

    /// <summary>The older name of tool_name, where that is absent.</summary>
    public string? Name { get; init; }

    /// <summary>Of a tool: the call that this is the result of.</summary>
    [Tolerant]
    public string? ToolCallId { get; init; }
}

/// <summary>A prompt to answer.</summary>
internal sealed record OllamaGenerateBody : OllamaRunBody
{
    /// <summary>The user's text. Without one the model is loaded, or, with keep_alive 0, unloaded.</summary>
    public string? Prompt { get; init; }

    /// <summary>Instead of the model's own system prompt.</summary>
    public string? System { get; init; }

    /// <summary>Whether the prompt goes in as it is, without the chat template.</summary>
    [DefaultValue(false)]
    public bool? Raw { get; init; }

    /// <summary>Refused unless empty: put the model's own fill-in-the-middle tokens into a raw prompt.</summary>
    [Count(Max = 0)]
    public string? Suffix { get; init; }

    /// <summary>Refused unless empty: the models are text models.</summary>
    [Count(Max = 0)]
    public string?[]? Images { get; init; }

    /// <summary>Refused unless empty: the model's own template is used, or, with raw, none.</summary>
    [Count(Max = 0)]
    public string? Template { get; init; }

    /// <summary>Refused unless empty: conversations go to /api/chat.</summary>
    [Count(Max = 0)]
    public int[]? Context { get; init; }
}

/// <summary>Texts to embed.</summary>
internal sealed record OllamaEmbedBody : OllamaUseBody
{
    /// <summary>One text, or several of which each gets a vector.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public TextOrTexts? Input { get; init; }

    /// <summary>Whether a text that is too long is cut; otherwise it is a 400.</summary>
    [DefaultValue(true)]
    public bool? Truncate { get; init; }

    /// <summary>The first so many values alone, again of length 1; for models that were trained to allow it.</summary>
    [Range(1, int.MaxValue)]
    public int? Dimensions { get; init; }
}

/// <summary>One text to embed.</summary>
internal sealed record OllamaEmbeddingsBody : OllamaUseBody
{
    /// <summary>The text; without one the vector is empty.</summary>
    public string? Prompt { get; init; }
}

/// <summary>How to answer. Options that are not known are ignored.</summary>
internal sealed record OllamaOptionsBody : SamplingBody
{
    /// <summary>The most tokens of the answer. 0 and less are no bound but the model's.</summary>
    public int? NumPredict { get; init; }

    /// <summary>Texts at which the answer ends, at most 16384 characters together; they are not part of it.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public TextOrTexts? Stop { get; init; }

    /// <summary>Accepted; the model's file and its Modelfile decide.</summary>
    public int? NumCtx { get; init; }

    /// <summary>Accepted; the model's file decides.</summary>
    public int? NumGpu { get; init; }

    /// <summary>Accepted; the runtime decides.</summary>
    public int? NumThread { get; init; }

    /// <summary>Accepted; the runtime decides.</summary>
    public int? NumBatch { get; init; }
}

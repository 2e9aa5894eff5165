using System.ComponentModel;

namespace RkLlama.Server.Api.Common.Options;

/// <summary>Common fields of all text generation requests of the OpenAI API and the Anthropic API.</summary>
internal abstract record GenerationBody : SamplingBody
{
    /// <summary>Model id from GET /v1/models. If the model is not loaded, the server loads it. Default: the loaded model.</summary>
    public string? Model { get; init; }

    /// <summary>Whether the response is streamed as server-sent events.</summary>
    [DefaultValue(false)]
    public bool? Stream { get; init; }
}

/// <summary>Options of streamed responses.</summary>
internal sealed record StreamOptionsBody
{
    /// <summary>Whether the stream has one more chunk at its end, with the token usage and without choices.</summary>
    [DefaultValue(false)]
    public bool? IncludeUsage { get; init; }
}

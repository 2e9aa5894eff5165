using System.ComponentModel;

namespace RkLlama.Server.Api.Common;

/// <summary>Common fields of the OpenAI API's requests that generate text.</summary>
internal abstract record GenerationBody : SamplingBody
{
    /// <summary>Model id from GET /v1/models. If the model is not loaded, the server loads it.</summary>
    public required string Model { get; init; }

    /// <summary>Whether the response is streamed as server-sent events.</summary>
    [DefaultValue(false)]
    public bool? Stream { get; init; }
}

/// <summary>Options of streamed responses.</summary>
internal sealed record StreamOptionsBody
{
    /// <summary>Whether the stream has a last chunk with the token usage and without choices.</summary>
    [DefaultValue(false)]
    public bool? IncludeUsage { get; init; }
}

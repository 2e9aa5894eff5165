using System.ComponentModel;

namespace RkLlama.Server.Api.Common;

/// <summary>What the bodies of all runs of the OpenAI API have in common.</summary>
internal abstract record RunBody : SamplingBody
{
    /// <summary>A model as GET /v1/models lists it; it is loaded if need be.</summary>
    public required string Model { get; init; }

    /// <summary>Whether the answer comes as server-sent events.</summary>
    [DefaultValue(false)]
    public bool? Stream { get; init; }
}

/// <summary>How a stream ends.</summary>
internal sealed record StreamOptionsBody
{
    /// <summary>Whether the last event has the usage.</summary>
    [DefaultValue(false)]
    public bool? IncludeUsage { get; init; }
}

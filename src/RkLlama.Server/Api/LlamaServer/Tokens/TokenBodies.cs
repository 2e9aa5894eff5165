using System.ComponentModel;
using RkLlama.Server.Api.Common.Embeddings;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.LlamaServer.Tokens;

/// <summary>A text to convert to tokens. llama-server calls it content, vLLM prompt. With messages, the text is their prompt.</summary>
internal sealed record TokenizeBody
{
    /// <summary>Model id from GET /v1/models. The model is not loaded. Default: the loaded model.</summary>
    public string? Model { get; init; }

    /// <summary>The text.</summary>
    public string? Content { get; init; }

    /// <summary>Another name of content. Ignored if content is present.</summary>
    public string? Prompt { get; init; }

    /// <summary>A conversation, from which the chat template makes the text. Ignored if content or prompt is present.</summary>
    public MessageBody?[]? Messages { get; init; }

    /// <summary>Whether the texts of control tokens become control tokens. If false, they are plain text. Without effect on messages.</summary>
    [DefaultValue(true)]
    public bool? ParseSpecial { get; init; }

    /// <summary>Whether the tokens of the answer are objects with their ids and texts.</summary>
    [DefaultValue(false)]
    public bool? WithPieces { get; init; }

    /// <summary>Whether the answer has the texts of the tokens in token_strs, as in vLLM.</summary>
    [DefaultValue(false)]
    public bool? ReturnTokenStrs { get; init; }
}

/// <summary>Token ids to convert to a text.</summary>
internal sealed record DetokenizeBody
{
    /// <summary>Model id from GET /v1/models. The model is not loaded. Default: the loaded model.</summary>
    public string? Model { get; init; }

    /// <summary>Token ids of the model's own vocabulary.</summary>
    [AnyOf(typeof(int[]))]
    public required TextsOrTokens Tokens { get; init; }
}

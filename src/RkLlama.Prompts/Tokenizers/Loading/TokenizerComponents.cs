using RkLlama.Prompts.Tokenizers.Decoders;
using RkLlama.Prompts.Tokenizers.Models;
using RkLlama.Prompts.Tokenizers.Normalizers;
using RkLlama.Prompts.Tokenizers.PreTokenizers;

namespace RkLlama.Prompts.Tokenizers.Loading;

/// <summary>The components of a tokenizer, as a tokenizer file defines them.</summary>
internal sealed record TokenizerComponents
{
    public required NormalizerChain Normalizers { get; init; }

    public required IReadOnlyList<PreTokenizer> PreTokenizers { get; init; }

    public required BpeModel Model { get; init; }

    public required DecoderChain Decoders { get; init; }

    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }
}

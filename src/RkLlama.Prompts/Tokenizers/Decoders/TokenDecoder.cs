using System.Text;
using RkLlama.Prompts.Tokenizers.Models;

namespace RkLlama.Prompts.Tokenizers.Decoders;

/// <summary>One step from token spellings back to text. Immutable; shared by all requests.</summary>
internal abstract class TokenDecoder
{
    /// <summary>Rewrites the tokens of a text in place.</summary>
    public abstract void Decode(List<string> tokens);

    /// <summary>
    /// Rewrites one token that stands in the middle of a text. A step that knows the token's bytes writes them to
    /// <paramref name="bytes"/> and returns true; then no further step runs.
    /// </summary>
    public virtual bool TryGetBytes(ref string token, List<byte> bytes) => false;
}

/// <summary>All decoding steps of a tokenizer, in order. Without a decoder the reference implementation puts blanks between tokens.</summary>
internal sealed class DecoderChain(IReadOnlyList<TokenDecoder>? steps)
{
    public string Decode(List<string> tokens)
    {
        if (steps is null)
            return string.Join(' ', tokens);
        foreach (TokenDecoder step in steps)
            step.Decode(tokens);
        return string.Concat(tokens);
    }

    /// <summary>The bytes one token adds in the middle of a text.</summary>
    public byte[] GetBytes(string token)
    {
        var bytes = new List<byte>();
        foreach (TokenDecoder step in steps ?? [])
        {
            if (step.TryGetBytes(ref token, bytes))
                return [.. bytes];
        }
        return Encoding.UTF8.GetBytes(token);
    }
}

/// <summary>Reads the letters of <see cref="ByteAlphabet"/> as bytes, and all bytes together as UTF-8.</summary>
internal sealed class ByteLevelDecoder : TokenDecoder
{
    public override void Decode(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (string token in tokens)
            ByteAlphabet.Decode(token, bytes);
        tokens.Clear();
        tokens.Add(Encoding.UTF8.GetString([.. bytes]));
    }

    public override bool TryGetBytes(ref string token, List<byte> bytes)
    {
        ByteAlphabet.Decode(token, bytes);
        return true;
    }
}

/// <summary>Joins all tokens into one, so that the steps behind see the whole text.</summary>
internal sealed class FuseDecoder : TokenDecoder
{
    public override void Decode(List<string> tokens)
    {
        string text = string.Concat(tokens);
        tokens.Clear();
        tokens.Add(text);
    }
}

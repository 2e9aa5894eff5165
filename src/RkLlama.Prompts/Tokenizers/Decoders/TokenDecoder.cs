using System.Text;
using RkLlama.Prompts.Tokenizers.Models;

namespace RkLlama.Prompts.Tokenizers.Decoders;

/// <summary>One step of decoding: rewrites token strings. Immutable; shared by all requests.</summary>
internal abstract class TokenDecoder
{
    /// <summary>Rewrites the tokens of a text in place.</summary>
    public abstract void Decode(List<string> tokens);

    /// <summary>
    /// Rewrites one token in the middle of a text. If the step can decode the token to bytes, it appends them to <paramref name="bytes"/> and
    /// returns true; later steps then do not run.
    /// </summary>
    public virtual bool TryGetBytes(ref string token, List<byte> bytes) => false;
}

/// <summary>
/// All decoding steps of a tokenizer, in order. A tokenizer without decoder joins tokens with spaces, as the reference implementation does.
/// </summary>
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

    /// <summary>Returns the bytes that one token adds in the middle of a text.</summary>
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

/// <summary>Decodes the characters of <see cref="ByteAlphabet"/> to bytes, and the bytes of all tokens together as UTF-8.</summary>
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

/// <summary>Joins all tokens into one, so that the following steps process the whole text.</summary>
internal sealed class FuseDecoder : TokenDecoder
{
    public override void Decode(List<string> tokens)
    {
        string text = string.Concat(tokens);
        tokens.Clear();
        tokens.Add(text);
    }
}

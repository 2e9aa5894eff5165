using System.Buffers;
using System.Text;
using RkLlama.Prompts.Tokenizers.Models;

namespace RkLlama.Prompts.Tokenizers.Decoders;

/// <summary>A step of decoding, which rewrites the texts of tokens. Immutable; all requests share it.</summary>
internal abstract class TokenDecoder
{
    /// <summary>Rewrites all tokens of a text, in place. May change the number of tokens.</summary>
    public abstract void Decode(List<string> tokens);

    /// <summary>
    /// Rewrites one token that is not the first of a text. If this step converts the token to bytes, appends them to <paramref name="bytes"/> and returns true;
    /// later steps are then skipped.
    /// </summary>
    public virtual bool TryGetBytes(ref string token, List<byte> bytes) => false;
}

/// <summary>
/// All decoding steps of a tokenizer, in order.
/// </summary>
/// <param name="steps">The steps; null if the tokenizer file has no decoder. Then spaces are put between the tokens, as Hugging Face's tokenizers library
/// does.</param>
internal sealed class DecoderChain(IReadOnlyList<TokenDecoder>? steps)
{
    private readonly TokenForm _form = FormOf(steps ?? []);

    public string Decode(List<string> tokens)
    {
        if (steps is null)
            return string.Join(' ', tokens);
        foreach (TokenDecoder step in steps)
            step.Decode(tokens);
        return string.Concat(tokens);
    }

    /// <summary>Returns the bytes that a token adds to a text, if it is not the first token of the text.</summary>
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

    /// <summary>
    /// Appends the bytes that a token adds to a text, if it is not the first token of the text. The result is that of <see cref="GetBytes"/>. Allocates nothing
    /// in the two usual forms of vocabularies.
    /// </summary>
    /// <param name="token">The token as it is written in the tokenizer file, in UTF-8.</param>
    public void AppendBytes(ReadOnlySpan<byte> token, ArrayBufferWriter<byte> target)
    {
        switch (_form)
        {
            case TokenForm.ByteLevel:
                ByteAlphabet.Decode(token, target);
                break;
            case TokenForm.SpaceMarks when ByteFallbackDecoder.TryParse(token, out byte value):
                target.Write([value]);
                break;
            case TokenForm.SpaceMarks:
                SpaceMark.Decode(token, target);
                break;
            default:
                target.Write(GetBytes(Encoding.UTF8.GetString(token)));
                break;
        }
    }

    private static TokenForm FormOf(IReadOnlyList<TokenDecoder> steps)
    {
        if (steps is [ByteLevelDecoder, ..])
            return TokenForm.ByteLevel;
        bool hasBytes = false, hasMarks = false;
        foreach (TokenDecoder step in steps)
        {
            hasBytes |= step is ByteFallbackDecoder;
            bool isMark = step is ReplaceDecoder { ReplacesSpaceMark: true } or MetaspaceDecoder { ReplacesSpaceMark: true };
            hasMarks |= isMark;
            if (!isMark && step is not (ByteFallbackDecoder or FuseDecoder or StripDecoder))
                return TokenForm.Other;
        }

        return hasBytes && hasMarks ? TokenForm.SpaceMarks : TokenForm.Other;
    }

    /// <summary>How the tokens of a vocabulary represent bytes.</summary>
    private enum TokenForm
    {
        /// <summary>Another form. Every step of the chain is executed.</summary>
        Other,

        /// <summary>Each character of a token is a byte: see <see cref="ByteAlphabet"/>.</summary>
        ByteLevel,

        /// <summary>A token is text in which <see cref="SpaceMark"/> is a space, or a byte such as <c>&lt;0xC3&gt;</c>.</summary>
        SpaceMarks,
    }
}

/// <summary>Converts the characters of <see cref="ByteAlphabet"/> to bytes, and decodes the bytes of all tokens together as one UTF-8 text.</summary>
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

/// <summary>Joins all tokens into one string, so that the following steps process the whole text at once.</summary>
internal sealed class FuseDecoder : TokenDecoder
{
    public override void Decode(List<string> tokens)
    {
        string text = string.Concat(tokens);
        tokens.Clear();
        tokens.Add(text);
    }
}

using System.Globalization;
using RkLlama.Prompts.Tokenizers.Decoders;
using RkLlama.Prompts.Tokenizers.Models;
using RkLlama.Prompts.Tokenizers.Normalizers;
using RkLlama.Prompts.Tokenizers.Patterns;
using RkLlama.Prompts.Tokenizers.PreTokenizers;

namespace RkLlama.Prompts.Tokenizers.Loading;

/// <summary>
/// Reads the tokenizer file of Qwen 1 (<c>qwen.tiktoken</c>). Each line has a token in base64 and its rank, which is also its id. The file has no other
/// components, so this class adds those of Qwen's own code: the normalization form NFC, the split pattern, and the control tokens, whose ids follow the last
/// rank.
/// </summary>
internal static class TiktokenReader
{
    private const int ExtraTokens = 205;

    public static TokenizerComponents Load(Stream stream)
    {
        var builder = new Vocabulary.Builder();
        var scratch = new BpeScratch();
        using var reader = new StreamReader(stream);
        int line = 0;
        while (reader.ReadLine() is { } text)
        {
            line++;
            if (text.Length > 0)
                AddLine(text, line, builder, scratch);
        }
        Vocabulary vocabulary = builder.Build();
        CheckBytes(vocabulary);
        List<AddedToken> special = SpecialTokens(vocabulary.IdLimit);
        return new TokenizerComponents
        {
            Normalizers = new NormalizerChain([new NfcNormalizer()]),
            PreTokenizers = [new SplitPreTokenizer(KnownPatterns.ForExpression(KnownPatterns.Qwen), SplitBehavior.Isolated)],
            Model = new BpeModel(
                vocabulary, new TiktokenMergeRules(vocabulary), WordBoundaries.None, new BpeOptions { ByteLevel = true, IgnoreMerges = true }, []),
            Decoders = new DecoderChain([new ByteLevelDecoder()]),
            AddedTokens = special,
        };
    }

    private static void AddLine(string line, int number, Vocabulary.Builder builder, BpeScratch scratch)
    {
        int blank = line.IndexOf(' ', StringComparison.Ordinal);
        Span<byte> token = new byte[line.Length];
        if (blank <= 0
            || !Convert.TryFromBase64Chars(line.AsSpan(0, blank), token, out int length)
            || !int.TryParse(line.AsSpan(blank + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int rank))
        {
            throw new TokenizerException($"Line {number} of the rank file is not a token in base64 and its rank.");
        }
        builder.Add(scratch.ToLetters(token[..length]), rank);
    }

    private static void CheckBytes(Vocabulary vocabulary)
    {
        for (int value = 0; value < 256; value++)
        {
            if (vocabulary.Find(ByteAlphabet.ToLetter((byte)value).ToString()) < 0)
                throw new TokenizerException($"The rank file has no token for the byte {value:X2}.");
        }
    }

    private static List<AddedToken> SpecialTokens(int firstId)
    {
        string[] names =
        [
            "<|endoftext|>", "<|im_start|>", "<|im_end|>",
            .. Enumerable.Range(0, ExtraTokens).Select(number => $"<|extra_{number}|>"),
        ];
        return [.. names.Select((name, index) => new AddedToken(firstId + index, name) { Special = true })];
    }
}

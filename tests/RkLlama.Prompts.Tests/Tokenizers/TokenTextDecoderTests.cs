using System.Diagnostics;
using System.Text;
using System.Text.Json;
using RkLlama.Prompts.Tests.Support;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class TokenTextDecoderTests
{
    public static TheoryData<string> TokenizerNames => TokenizerConformanceTests.TokenizerNames;

    [TokenizerConformance]
    [MemberData(nameof(TokenizerNames))]
    public void Ids_decoded_one_by_one_give_the_same_text_as_together(string name)
    {
        Tokenizer tokenizer = Tokenizer.LoadFile(ConformanceData.TokenizerFile(name));
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(ConformanceData.ExpectedIds(name)));

        foreach (JsonElement list in expected.RootElement.EnumerateArray())
        {
            int[] ids = [.. list.EnumerateArray().Select(id => id.GetInt32())];
            string together = tokenizer.Decode(ids, skipSpecial: false);

            // The decoder keeps a space at the start of the text.
            DecodeOneByOne(tokenizer, ids).Should().BeOneOf(together, " " + together);
        }
    }

    [TokenizerConformance]
    [MemberData(nameof(TokenizerNames))]
    public void The_bytes_of_all_tokens_are_those_of_the_decoding_steps(string name)
    {
        Tokenizer tokenizer = Tokenizer.LoadFile(ConformanceData.TokenizerFile(name));
        System.Buffers.ArrayBufferWriter<byte> bytes = new();

        for (int id = 0; id < tokenizer.VocabularySize + 2; id++)
        {
            bytes.ResetWrittenCount();
            tokenizer.AppendTokenBytes(id, bytes);
            if (!bytes.WrittenSpan.SequenceEqual(tokenizer.TokenBytes(id)))
                Assert.Fail($"The token {id} has other bytes.");
        }
    }

    [TokenizerConformance]
    [MemberData(nameof(TokenizerNames))]
    public void A_token_costs_less_than_a_microsecond(string name)
    {
        Tokenizer tokenizer = Tokenizer.LoadFile(ConformanceData.TokenizerFile(name));
        int[] ids = [.. Enumerable.Range(0, 2000).Select(i => 300 + (i * 7919 % 30_000))];
        TokenTextDecoder decoder = new(tokenizer);

        double best = double.MaxValue;
        for (int round = 0; round < 100; round++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            foreach (int id in ids)
                decoder.Append(id);
            best = Math.Min(best, watch.Elapsed.TotalMicroseconds / ids.Length);
        }

        best.Should().BeLessThan(1);
    }

    [Fact]
    public void Random_bytes_give_the_same_text_as_together()
    {
        Tokenizer tokenizer = TestTokenizer.ByteLevel().Load();
        byte[] alphabet = [(byte)'a', 0x80, 0xBF, 0xC3, 0xA4, 0xE4, 0xBD, 0xF0, 0x9F, 0x98, 0xED, 0xA0, 0xFF, 0xC0];
        Random random = new(5);

        for (int round = 0; round < 5000; round++)
        {
            int[] ids = [.. Enumerable.Range(0, 12).Select(_ => (int)alphabet[random.Next(alphabet.Length)])];

            DecodeOneByOne(tokenizer, ids).Should().Be(tokenizer.Decode(ids, skipSpecial: false));
        }
    }

    [Fact]
    public void A_character_appears_with_its_last_byte()
    {
        TokenTextDecoder decoder = new(TestTokenizer.ByteLevel().Load());
        byte[] bytes = Encoding.UTF8.GetBytes("😀");

        IEnumerable<string> parts = [decoder.Append(bytes[0]), decoder.Append(bytes[1]), decoder.Append(bytes[2]), decoder.Append(bytes[3])];

        parts.Should().Equal("", "", "", "😀");
        decoder.IsInsideCharacter.Should().BeFalse();
    }

    [Fact]
    public void An_unknown_id_has_no_text_and_the_end_of_an_incomplete_character_is_replaced()
    {
        TokenTextDecoder decoder = new(TestTokenizer.ByteLevel().Load());

        decoder.Append(99_999).Should().BeEmpty();
        decoder.Append(-1).Should().BeEmpty();
        decoder.Append(0xE4).Should().BeEmpty();
        decoder.IsInsideCharacter.Should().BeTrue();
        decoder.Flush().Should().Be("\uFFFD");
        decoder.Append('a').Should().Be("a");
    }

    private static string DecodeOneByOne(Tokenizer tokenizer, IEnumerable<int> ids)
    {
        TokenTextDecoder decoder = new(tokenizer);
        return string.Concat(ids.Select(decoder.Append)) + decoder.Flush();
    }
}

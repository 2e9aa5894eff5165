using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class TiktokenReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Ranks_are_ids_and_the_lowest_merges_first()
    {
        Tokenizer tokenizer = Load("bc", "ab", "abc ", "cd", "abcd");

        tokenizer.Encode("abc").Should().Equal('a', 256);
        tokenizer.Encode("ab!").Should().Equal(257, '!');
    }

    [Fact]
    public void A_piece_that_is_a_token_is_not_split()
    {
        // Merging alone would stop at "a" + "bc" + "d", because no two adjacent ones form a token.
        Tokenizer tokenizer = Load("bc", "ab", "cd", "abcd");

        tokenizer.Encode("abcd").Should().Equal(259);
        tokenizer.Encode("abcdx").Should().Equal('a', 256, 'd', 'x');
    }

    [Fact]
    public void Special_tokens_have_ids_after_the_ranks()
    {
        Tokenizer tokenizer = Load("ab");

        tokenizer.Encode("<|im_start|>a<|im_end|><|endoftext|><|extra_204|>").Should().Equal(258, 'a', 259, 257, 257 + 3 + 204);
        tokenizer.VocabularySize.Should().Be(257 + 208);
        tokenizer.AddedTokens.Should().OnlyContain(token => token.Special);
    }

    [Fact]
    public void Text_is_normalized_and_split_and_survives_a_round_trip()
    {
        Tokenizer tokenizer = Load("ab");

        tokenizer.Encode("e\u0301").Should().Equal(0xC3, 0xA9);
        tokenizer.Decode(tokenizer.Encode("ab <|im_end|>你\n"), skipSpecial: true).Should().Be("ab 你\n");
        tokenizer.TokenBytes(0xE4).Should().Equal([0xE4]);
    }

    [Fact]
    public void A_file_without_all_bytes_is_refused()
    {
        File.WriteAllText(PathOf("x"), "YQ== 0\n");

        Action load = () => Tokenizer.LoadFile(PathOf("x"));

        load.Should().Throw<TokenizerException>().WithMessage("*byte 00*");
    }

    [Theory]
    [InlineData("YQ==")]
    [InlineData("*** 0")]
    [InlineData("YQ== x")]
    [InlineData("YQ== -1")]
    public void An_invalid_line_is_refused_with_its_number(string line)
    {
        File.WriteAllText(PathOf("x"), $"YQ== 0\n\n{line}\n");

        Action load = () => Tokenizer.LoadFile(PathOf("x"));

        load.Should().Throw<TokenizerException>().WithMessage("Line 3 *");
    }

    /// <summary>Loads a file whose first ranks are the 256 bytes, followed by the given tokens.</summary>
    private Tokenizer Load(params string[] tokens)
    {
        IEnumerable<byte[]> ranks = Enumerable.Range(0, 256).Select(value => new[] { (byte)value })
            .Concat(tokens.Select(System.Text.Encoding.UTF8.GetBytes));
        File.WriteAllLines(PathOf("qwen"), ranks.Select((token, rank) => $"{Convert.ToBase64String(token)} {rank}"));
        return Tokenizer.LoadFile(PathOf("qwen"));
    }

    private string PathOf(string name) => Path.Combine(_folder, $"{name}.tiktoken");
}

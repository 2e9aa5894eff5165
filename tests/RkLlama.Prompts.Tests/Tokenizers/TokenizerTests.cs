using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class TokenizerTests
{
    [Fact]
    public void An_added_token_of_the_vocabulary_keeps_its_id()
    {
        var tokenizer = new TestTokenizer { AddedTokens = TestTokenizer.AddedTokenList(["hello"], "\"special\":true,") };

        tokenizer.Tokenize("hello").Should().Equal("hello");
        tokenizer.Load().AddedTokens.Should().ContainSingle().Which.Special.Should().BeTrue();
    }

    [Fact]
    public void VocabularySize_includes_added_tokens()
    {
        Tokenizer tokenizer = new TestTokenizer { AddedTokens = TestTokenizer.AddedTokenList(["<a>"], "") }.Load();

        tokenizer.VocabularySize.Should().Be(TestTokenizer.FirstAddedId + 1);
        tokenizer.TokenId("<a>").Should().Be(TestTokenizer.FirstAddedId);
        tokenizer.TokenId("hello").Should().Be(TestTokenizer.Letters.ToList().IndexOf("hello"));
        tokenizer.TokenId("absent").Should().BeNull();
    }

    [Fact]
    public void LoadFile_selects_the_format_by_the_file_name()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string path = Path.Combine(folder, "tokenizer.json");
        File.WriteAllText(path, new TestTokenizer().ToJson());

        Tokenizer.LoadFile(path).TokenId("hello").Should().NotBeNull();

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Lone_surrogates_are_encoded_as_replacement_characters()
    {
        Tokenizer tokenizer = TestTokenizer.ByteLevel("a a").Load();

        tokenizer.Encode("a\uD83D b\uDE00\uD83D\uDE00").Should().Equal(tokenizer.Encode("a\uFFFD b\uFFFD\U0001F600"));
    }

    [Fact]
    public void Concurrent_calls_return_the_same_ids()
    {
        Tokenizer tokenizer = TestTokenizer.ByteLevel("h e", "l l", "he ll", "hell o").Load();
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => string.Concat(Enumerable.Repeat("hello hell ", i % 17)) + i)];
        int[][] expected = [.. texts.Select(text => TestTokenizer.ByteLevel("h e", "l l", "he ll", "hell o").Load().Encode(text))];

        int[][] ids = [.. texts.AsParallel().AsOrdered().Select(tokenizer.Encode)];

        ids.Should().BeEquivalentTo(expected, options => options.WithStrictOrdering());
    }
}

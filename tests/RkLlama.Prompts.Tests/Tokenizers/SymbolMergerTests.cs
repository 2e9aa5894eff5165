namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class SymbolMergerTests
{
    [Theory]
    [InlineData(7)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void Long_words_merge_like_short_words(int count)
    {
        var tokenizer = new TestTokenizer { Vocabulary = ["a", "b", "ab", "abab", "ba"], Merges = ["b a", "a b", "ab ab"] };
        string text = string.Concat(Enumerable.Repeat("ab", count));

        string[] expected = ["a", .. Enumerable.Repeat("ba", count - 1), "b"];

        tokenizer.Tokenize(text).Should().Equal(expected);
    }
}

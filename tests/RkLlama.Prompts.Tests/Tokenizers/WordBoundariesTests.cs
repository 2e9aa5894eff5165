namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class WordBoundariesTests
{
    [Fact]
    public void Splitting_a_text_without_pre_tokenizer_does_not_change_its_ids()
    {
        // "b▁" is a token, so the text must not be split between the two. It may be split before other marks.
        var tokenizer = new TestTokenizer { Vocabulary = ["▁", "a", "b", "b▁", "▁a"], Merges = ["b ▁", "▁ a"] };

        tokenizer.Tokenize("▁a▁ab▁a▁b").Should().Equal("▁a", "▁a", "b▁", "a", "▁", "b");
    }
}

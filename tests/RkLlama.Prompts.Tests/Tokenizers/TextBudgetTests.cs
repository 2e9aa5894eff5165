using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

/// <summary>Normalizers that make a text much longer. Without a limit, the first test needs 6 GB.</summary>
public sealed class TextBudgetTests
{
    private const string ThousandTimes = """{"type":"Sequence","normalizers":[REPLACE,REPLACE,REPLACE]}""";

    [Fact]
    public void Normalizers_that_multiply_the_text_end_with_an_error_that_names_the_tokenizer()
    {
        TestTokenizer tokenizer = new() { Normalizer = ThousandTimes.Replace("REPLACE", Replace("e", new string('e', 1000)), StringComparison.Ordinal) };
        long before = GC.GetTotalAllocatedBytes(precise: true);

        FluentActions.Invoking(() => tokenizer.Load().Encode("eeeeee")).Should().Throw<TokenizerException>()
            .WithMessage("*normalizer of the tokenizer tokenizer.json*text of 6 characters*");

        (GC.GetTotalAllocatedBytes(precise: true) - before).Should().BeLessThan(64 << 20);
    }

    [Fact]
    public void The_limit_counts_for_all_parts_of_a_prompt_together()
    {
        // Each part between two added tokens grows by 10,000 characters, which is below the limit.
        TestTokenizer tokenizer = new()
        {
            Normalizer = Replace("e", new string('e', 10_000)),
            AddedTokens = """[{"id":100,"content":"<x>","special":true}]""",
        };
        Tokenizer loaded = tokenizer.Load();

        loaded.Encode("e<x>e").Should().HaveCount(20_001);
        FluentActions.Invoking(() => loaded.Encode(string.Concat(Enumerable.Repeat("e<x>", 100)))).Should().Throw<TokenizerException>();
    }

    [Fact]
    public void Added_tokens_that_grow_too_much_fail_the_load()
    {
        TestTokenizer tokenizer = new()
        {
            Normalizer = ThousandTimes.Replace("REPLACE", Replace("e", new string('e', 1000)), StringComparison.Ordinal),
            AddedTokens = """[{"id":100,"content":"e","special":false,"normalized":true}]""",
        };

        FluentActions.Invoking(tokenizer.Load).Should().Throw<TokenizerException>().WithMessage("*normalizer*");
    }

    [Fact]
    public void Normal_growth_is_allowed_for_a_long_text()
    {
        TestTokenizer tokenizer = new() { Normalizer = $$"""{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{{Replace("a", "bbbbbbbb")}}]}""" };

        tokenizer.Load().Encode(new string('a', 100_000)).Should().HaveCount(800_001);
    }

    private static string Replace(string pattern, string content) => $$"""{"type":"Replace","pattern":{"String":"{{pattern}}"},"content":"{{content}}"}""";
}

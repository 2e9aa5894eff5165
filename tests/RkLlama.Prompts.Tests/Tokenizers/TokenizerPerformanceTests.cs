using System.Diagnostics;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

/// <summary>
/// Texts made to be slow. Work is compared between a text and one four times as long: it may grow about as much as the text, while a
/// quadratic step would make it sixteenfold.
/// </summary>
public sealed class HostileTextTests
{
    private const int Length = 1 << 17;
    private const double MaxGrowth = 10;
    private const int MostRounds = 40;

    private const string QwenSplit = """
        {"type":"Sequence","pretokenizers":[{"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}},
          {"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}
        """;

    private static readonly Dictionary<string, Tokenizer> Tokenizers = new()
    {
        ["byte-level"] = (TestTokenizer.ByteLevel("a a", "aa aa", "a b", "Ġ Ġ") with
        {
            Normalizer = """{"type":"NFC"}""",
            PreTokenizer = QwenSplit,
            AddedTokens = AddedTokenTests.Tokens(["<|im_end|>", "<|im_start|>", "<tool_call>"], "\"lstrip\":true,\"rstrip\":true,", first: 1000),
        }).Load(),
        ["general pattern"] = (TestTokenizer.ByteLevel("a a", "Ġ Ġ") with
        {
            PreTokenizer = QwenSplit.Replace("'s|'t", "'t|'s", StringComparison.Ordinal),
        }).Load(),
        ["end of line"] = (TestTokenizer.ByteLevel("a a") with
        {
            PreTokenizer = QwenSplit.Replace("(?i:'s", "\\\\s+$\"}},{\"type\":\"Split\",\"behavior\":\"Isolated\",\"pattern\":{\"Regex\":\"(?i:'s", StringComparison.Ordinal),
        }).Load(),
        ["whole text"] = new TestTokenizer
        {
            Normalizer = """{"type":"Replace","pattern":{"String":" "},"content":"▁"}""",
            Model = "\"unk_token\":\"<unk>\",",
        }.Load(),
    };

    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, string>();
            foreach (string tokenizer in Tokenizers.Keys)
            {
                foreach (string unit in new[] { "a", " ", "ab", "<|im_end|", "<|im_end|> ", "\n", " \n", "e\u0323\u0302", "\u0315\u0300", "'", "１" })
                    cases.Add(tokenizer, unit, "x");
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Work_grows_with_the_text(string name, string unit, string end)
    {
        Tokenizer tokenizer = Tokenizers[name];
        string text = string.Concat(Enumerable.Repeat(unit, Length / 4 / unit.Length)) + end;
        string longText = string.Concat(Enumerable.Repeat(unit, Length / unit.Length)) + end;
        tokenizer.Encode(text);

        // Below a millisecond the clock says nothing. Whatever else the machine does only makes a time longer, so the shortest of several count, and
        // more are taken while the verdict is a bad one.
        TimeSpan once = TimeSpan.MaxValue, fourfold = TimeSpan.MaxValue;
        for (int round = 0; round < 3 || (round < MostRounds && Growth() >= MaxGrowth); round++)
        {
            once = Min(once, Time(() => tokenizer.Encode(text)));
            fourfold = Min(fourfold, Time(() => tokenizer.Encode(longText)));
        }

        Growth().Should().BeLessThan(MaxGrowth);

        double Growth() => fourfold / Max(once, TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void A_megabyte_of_guarded_look_alikes_is_text()
    {
        string text = string.Concat(Enumerable.Repeat("<|im_end|>", 100_000));
        Tokenizer tokenizer = Tokenizers["byte-level"];

        int[] ids = tokenizer.Encode(new PromptText(text, [new PromptSpan(0, text.Length)]), guard: true);

        ids.Should().HaveCountGreaterThan(100_000).And.NotContain(tokenizer.TokenId("<|im_end|>")!.Value);
    }

    [Fact]
    public void Half_characters_count_as_replacement_characters()
    {
        Tokenizer tokenizer = Tokenizers["byte-level"];

        tokenizer.Encode("a\uD83D b\uDE00\uD83D\uDE00").Should().Equal(tokenizer.Encode("a\uFFFD b\uFFFD\U0001F600"));
    }

    [Fact]
    public void Many_threads_get_the_same_ids()
    {
        Tokenizer tokenizer = TestTokenizer.ByteLevel("h e", "l l", "he ll", "hell o").Load();
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => string.Concat(Enumerable.Repeat("hello hell ", i % 17)) + i)];
        int[][] expected = [.. texts.Select(text => TestTokenizer.ByteLevel("h e", "l l", "he ll", "hell o").Load().Encode(text))];

        int[][] ids = [.. texts.AsParallel().AsOrdered().Select(tokenizer.Encode)];

        ids.Should().BeEquivalentTo(expected, options => options.WithStrictOrdering());
    }

    private static TimeSpan Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}

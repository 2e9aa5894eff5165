using System.Diagnostics;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

/// <summary>
/// Worst-case texts. The tests compare the time for a text with the time for one that is four times as long. Linear work takes about four times
/// as long, quadratic work sixteen times.
/// </summary>
public sealed class TokenizerPerformanceTests
{
    private const int Length = 1 << 17;
    private const double MaxGrowth = 10;
    private const int MaxRounds = 40;

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
            AddedTokens = TestTokenizer.AddedTokenList(["<|im_end|>", "<|im_start|>", "<tool_call>"], "\"lstrip\":true,\"rstrip\":true,", first: 1000),
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
    public void Encoding_time_is_linear_in_the_length_of_the_text(string name, string unit, string end)
    {
        Tokenizer tokenizer = Tokenizers[name];
        string text = string.Concat(Enumerable.Repeat(unit, Length / 4 / unit.Length)) + end;
        string longText = string.Concat(Enumerable.Repeat(unit, Length / unit.Length)) + end;
        tokenizer.Encode(text);

        // Below 1 ms the clock is too coarse. Other load on the machine only increases a time, so the minimum of several rounds is used. If the
        // growth seems too large, more rounds are measured.
        TimeSpan once = TimeSpan.MaxValue, fourfold = TimeSpan.MaxValue;
        for (int round = 0; round < 3 || (round < MaxRounds && Growth() >= MaxGrowth); round++)
        {
            once = Min(once, Time(() => tokenizer.Encode(text)));
            fourfold = Min(fourfold, Time(() => tokenizer.Encode(longText)));
        }

        Growth().Should().BeLessThan(MaxGrowth);

        double Growth() => fourfold / Max(once, TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void A_megabyte_of_guarded_control_tokens_is_encoded_as_text()
    {
        string text = string.Concat(Enumerable.Repeat("<|im_end|>", 100_000));
        Tokenizer tokenizer = Tokenizers["byte-level"];

        int[] ids = tokenizer.Encode(new PromptText(text, [new PromptSpan(0, text.Length)]), guard: true);

        ids.Should().HaveCountGreaterThan(100_000).And.NotContain(tokenizer.TokenId("<|im_end|>")!.Value);
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

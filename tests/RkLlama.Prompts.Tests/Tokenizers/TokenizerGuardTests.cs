namespace RkLlama.Prompts.Tests.Tokenizers;

/// <summary>Request text never becomes a control token.</summary>
public sealed class TokenizerGuardTests
{
    private static readonly TestTokenizer Chat = TestTokenizer.ByteLevel("a b") with
    {
        AddedTokens = """
            [{"id":300,"content":"<|s|>","special":true,"normalized":false},
             {"id":301,"content":"<|e|>","special":true,"normalized":false,"rstrip":true},
             {"id":302,"content":"<|e|>x","special":true,"normalized":false}]
            """,
    };

    [Fact]
    public void A_control_token_in_request_text_stays_text()
    {
        int[] ids = Encode("<|s|>", "{ab<|e|>ab}", "<|e|>");

        ids[0].Should().Be(300);
        ids[^1].Should().Be(301);
        ids[1..^1].Should().NotContain([300, 301, 302]);
        Chat.Load().Decode(ids, skipSpecial: true).Should().Be("ab<|e|>ab");
    }

    [Fact]
    public void Without_guard_a_control_token_in_request_text_is_a_token()
    {
        (PromptText prompt, _) = Prompt("<|s|>", "{ab<|e|>ab}", "<|e|>");

        Chat.Load().Encode(prompt, guard: false).Count(id => id == 301).Should().Be(2);
    }

    [Theory]
    [InlineData("<|", "{e|>}", "")]
    [InlineData("", "{<|e}", "|>")]
    [InlineData("<", "{|e|}", ">")]
    public void A_control_token_partly_in_request_text_stays_text(string before, string request, string after)
    {
        Encode(before, request, after).Should().NotContain([300, 301, 302]);
    }

    [Fact]
    public void A_match_does_not_extend_into_request_text()
    {
        Encode("<|e|>", "{x}", "").Should().Equal(301, Chat.Load().TokenId("x")!.Value);
    }

    [Fact]
    public void A_match_includes_white_space_of_request_text_as_in_the_reference_implementation()
    {
        (PromptText prompt, string text) = Prompt("<|e|>", "{  ab}", "");

        Chat.Load().Encode(prompt, guard: true).Should().Equal(Chat.Load().Encode(text));
    }

    [Fact]
    public void Template_and_request_text_between_tokens_are_encoded_together()
    {
        (PromptText prompt, string text) = Prompt("<|s|>a", "{b}", "ab<|e|>");

        Chat.Load().Encode(prompt, guard: true).Should().Equal(Chat.Load().Encode(text)).And.HaveCount(4);
    }

    [Fact]
    public void Every_normalizer_keeps_the_origin_of_text()
    {
        var tokenizer = new TestTokenizer
        {
            Normalizer = """
                {"type":"Sequence","normalizers":[{"type":"Strip"},{"type":"NFC"},{"type":"Lowercase"},
                  {"type":"Replace","pattern":{"String":"#"},"content":"he"},{"type":"Prepend","prepend":"▁"}]}
                """,
            AddedTokens = """[{"id":100,"content":"#llo","special":true,"normalized":true}]""",
        };
        tokenizer = tokenizer with { AddedTokens = tokenizer.AddedTokens.Replace("#llo", "#LLO", StringComparison.Ordinal) };

        (PromptText forged, string text) = Prompt(" c", "{.#llo}", "e\u0301");
        (PromptText trusted, _) = Prompt(" #LLO", "{.c}", "");

        // The normalized form of the token is "▁hello". It matches at the beginning of a run.
        tokenizer.Tokenize("#llo").Should().Equal("#100");
        tokenizer.Load().Encode(trusted, guard: true).Should().Contain(100);
        tokenizer.Load().Encode(Prompt("", "{#llo}", "").Prompt, guard: true).Should().NotContain(100);
        tokenizer.Load().Encode(forged, guard: true).Should().Equal(tokenizer.Load().Encode(text));
    }

    [Fact]
    public void Merges_do_not_produce_a_special_token_from_request_text()
    {
        var tokenizer = new TestTokenizer
        {
            Vocabulary = ["<", "/", "s", ">", "</", "s>", "</s>"],
            Merges = ["< /", "s >", "</ s>"],
            AddedTokens = """[{"id":6,"content":"</s>","special":true,"normalized":false}]""",
        };

        int[] ids = tokenizer.Load().Encode(Prompt("", "{</s>}", "</s>").Prompt, guard: true);

        tokenizer.Tokenize(ids).Should().Equal("</", "s>", "</s>");
    }

    [Fact]
    public void With_ignore_merges_request_text_does_not_become_a_special_token()
    {
        var tokenizer = new TestTokenizer
        {
            Vocabulary = ["a", "b", "ab"],
            Merges = [],
            Model = "\"ignore_merges\": true,",
            AddedTokens = """[{"id":2,"content":"ab","special":true,"normalized":false}]""",
        };

        int[] ids = tokenizer.Load().Encode(Prompt("", "{ab}", "").Prompt, guard: true);

        tokenizer.Tokenize(ids).Should().Equal("a", "b");
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(2, 1)]
    [InlineData(0, 9)]
    public void Invalid_request_spans_are_an_error(int start, int end)
    {
        var prompt = new PromptText("abc", [new PromptSpan(start, end)]);

        Action encode = () => Chat.Load().Encode(prompt, guard: true);

        encode.Should().Throw<ArgumentException>();
    }

    private static int[] Encode(params string[] parts) => Chat.Load().Encode(Prompt(parts).Prompt, guard: true);

    /// <summary>Joins parts to a prompt. Parts in braces are request text.</summary>
    private static (PromptText Prompt, string Text) Prompt(params string[] parts)
    {
        string text = "";
        var spans = new List<PromptSpan>();
        foreach (string part in parts)
        {
            bool request = part.StartsWith('{');
            string content = request ? part[1..^1] : part;
            if (request)
                spans.Add(new PromptSpan(text.Length, text.Length + content.Length));
            text += content;
        }
        return (new PromptText(text, spans), text);
    }
}

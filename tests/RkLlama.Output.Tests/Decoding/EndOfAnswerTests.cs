using System.Text;
using RkLlama.Output.Decoding;
using RkLlama.Prompts;

namespace RkLlama.Output.Tests.Decoding;

public sealed class EndOfAnswerTests
{
    private static readonly EndTokens _literals = new(new HashSet<int>(), ["<|im_end|>", "</s>"]);

    [Theory]
    [InlineData("", false)]
    [InlineData("<|im_end|>", false)]
    [InlineData("", true)]
    [InlineData("<|im_end|>", true)]
    public void An_end_token_ends_the_answer_by_its_id(string text, bool isConfirmed)
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel, isConfirmed ? DecodedAnswer.Confirmed() : null);

        answer.Add("Hello").Add(Vocabulary.End, text).Add("!").End();

        answer.HasEnded.Should().BeTrue();
        answer.Output.Should().Equal(new OutputToken("Hello", OutputTokenKind.Text));
        answer.Differences.Should().BeEmpty();
    }

    [Fact]
    public void An_ordinary_token_may_be_an_end_token()
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel, ends: new(new HashSet<int> { Vocabulary.IdOf(" you") }, []));

        answer.Add("Hello").Add(" you").Add("!");

        answer.HasEnded.Should().BeTrue();
        answer.Text.Should().Be("Hello");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_text_of_an_end_token_in_ordinary_tokens_is_content_if_the_ids_are_right(bool isConfirmed)
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel, isConfirmed ? DecodedAnswer.Confirmed() : null);

        answer.Add("Hello").Add("<|im").Add("_end").Add("|>").Add("!").End();

        answer.HasEnded.Should().BeFalse();
        answer.Text.Should().Be("Hello<|im_end|>!");
    }

    [Theory]
    [InlineData("Hello<|im_end|>\n<|im_start|>user", "Hello")]
    [InlineData("[1]</s>", "[1]")]
    [InlineData("a <|im_end| <|im_end|>", "a <|im_end| ")]
    [InlineData("a < b</b> <|", "a < b</b> <|")]
    [InlineData("<<<|im_end|>", "<<")]
    public void The_text_of_an_end_token_ends_the_answer_if_there_is_no_tokenizer(string text, string expected)
    {
        foreach (int size in (int[])[1, 3, 100])
        {
            DecodedAnswer answer = new(null, ends: _literals);

            foreach (char[] piece in text.Chunk(size))
                answer.Add(1, new string(piece));
            answer.End();

            answer.Text.Should().Be(expected);
            answer.HasEnded.Should().Be(expected != text);
        }
    }

    [Fact]
    public void The_text_of_an_end_token_ends_the_answer_if_the_ids_are_wrong()
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel);

        answer.Add(Vocabulary.IdOf("Hello"), "Bonjour").Add(7, "<|im_end|>").Add(8, "\n").Add(9, "user").End();

        answer.Text.Should().Be("Bonjour");
        answer.HasEnded.Should().BeTrue();
    }

    [Fact]
    public void The_text_of_an_end_token_ends_the_answer_if_ids_are_unknown()
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel);

        answer.Add("Hello").Add("<").Add('|', "|").Add(5000, "im").Add('_', "_").Add(5001, "end").Add('|', "|").Add('>', ">").Add("!").End();

        answer.Text.Should().Be("Hello");
        answer.HasEnded.Should().BeTrue();
    }

    [Fact]
    public void The_text_of_an_end_token_in_known_tokens_is_content_after_an_unknown_id()
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel);

        answer.Add(5000, "Obey").Add(" you").Add("<|im").Add("_end").Add("|>").Add("!").End();

        answer.HasEnded.Should().BeFalse();
        answer.Text.Should().Be("Obey you<|im_end|>!");
    }

    [Fact]
    public void Held_text_is_released_at_the_end()
    {
        DecodedAnswer answer = new DecodedAnswer(null, ends: _literals).Add(1, "a <|im_").End();

        answer.Text.Should().Be("a <|im_");
    }

    [Fact]
    public void Random_cuts_find_the_first_end_text()
    {
        Random random = new(3);
        for (int round = 0; round < 2000; round++)
        {
            StringBuilder text = new();
            for (int i = 0; i < 12; i++)
                text.Append(((string[])["a", "<", "|", "<|im_end", "|>", "</", "s>", "<|im_end|>"])[random.Next(8)]);
            string whole = text.ToString();
            int end = _literals.Texts.Select(literal => whole.IndexOf(literal, StringComparison.Ordinal)).Where(index => index >= 0).DefaultIfEmpty(whole.Length).Min();
            EndTextMatcher matcher = new(_literals.Texts);
            StringBuilder output = new();

            bool hasEnded = false;
            for (int at = 0; at < whole.Length && !hasEnded;)
            {
                int length = Math.Min(random.Next(1, 9), whole.Length - at);
                hasEnded = matcher.Add(whole.Substring(at, length), endsAnswer: true, output);
                at += length;
            }

            if (!hasEnded)
                matcher.Flush(output);
            output.ToString().Should().Be(whole[..end]);
        }
    }
}

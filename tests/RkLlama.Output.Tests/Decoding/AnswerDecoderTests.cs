using System.Text;
using RkLlama.Output.Decoding;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Output.Tests.Decoding;

public sealed class AnswerDecoderTests
{
    private static int Unknown => 5000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Text_arrives_with_its_token(bool isConfirmed)
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel, isConfirmed ? DecodedAnswer.Confirmed() : null);

        answer.Add("Hello").Add(" world").Add("!").End();

        answer.Output.Select(token => token.Text).Should().Equal("Hello", " world", "!");
        answer.Differences.Should().BeEmpty();
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("[TOOL_CALLS]", false)]
    [InlineData("", true)]
    [InlineData("[TOOL_CALLS]", true)]
    public void A_control_token_arrives_once_with_or_without_a_text_of_the_runtime(string text, bool isConfirmed)
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel, isConfirmed ? DecodedAnswer.Confirmed() : null);

        answer.Add("Hello").Add(Vocabulary.ToolCalls, text).Add(Vocabulary.Think, "").Add(" world").End();

        answer.Output.Should().Equal(
            new("Hello", OutputTokenKind.Text), new("[TOOL_CALLS]", OutputTokenKind.Special), new("<think>", OutputTokenKind.Text), new(" world", OutputTokenKind.Text));
        answer.Differences.Should().BeEmpty();
    }

    /// <summary>The ways in which the runtime delivers a character of several tokens: see <c>RKLLM_SIMULATOR_UTF8</c>.</summary>
    [Theory]
    [InlineData("", "", "", "😀")]
    [InlineData("", "", "", "\uFFFD")]
    [InlineData("\uFFFD", "\uFFFD", "\uFFFD", "\uFFFD")]
    [InlineData("", "", "", "")]
    public void A_character_of_several_tokens_comes_out_whole(string first, string second, string third, string fourth)
    {
        foreach (Tokenizer tokenizer in (Tokenizer[])[Vocabulary.ByteLevel, Vocabulary.SentencePiece])
        {
            foreach (TokenReferee referee in (TokenReferee[])[new(), DecodedAnswer.Confirmed()])
            {
                DecodedAnswer answer = new(tokenizer, referee);
                byte[] bytes = Encoding.UTF8.GetBytes("😀");

                answer.Add("Hello").Add(bytes[0], first).Add(bytes[1], second).Add(bytes[2], third).Add(bytes[3], fourth);
                if (fourth.Length == 0)
                    answer.Add(Vocabulary.IdOf("!"), "😀!");
                else
                    answer.Add("é").Add("!");
                answer.End();

                answer.Text.Should().Be(fourth.Length == 0 ? "Hello😀!" : "Hello😀é!");
                answer.Differences.Should().BeEmpty();
            }
        }
    }

    [Theory]
    [InlineData(" world")]
    [InlineData("world")]
    public void The_runtime_decides_about_a_space_at_the_start(string text)
    {
        foreach (TokenReferee referee in (TokenReferee[])[new(), DecodedAnswer.Confirmed()])
        {
            DecodedAnswer answer = new(Vocabulary.SentencePiece, referee);

            answer.Add(Vocabulary.IdOf(" world"), text).Add(" you").End();

            answer.Text.Should().Be(text + " you");
            answer.Differences.Should().BeEmpty();
        }
    }

    [Theory]
    [InlineData("Bonjour", "!")]
    [InlineData("Hel", "p!")]
    [InlineData("Hello", "?")]
    [InlineData("Hello there", "!")]
    public void The_first_difference_switches_to_the_text_of_the_runtime_and_is_reported_once(string first, string second)
    {
        TokenReferee referee = new();
        DecodedAnswer answer = new(Vocabulary.ByteLevel, referee);

        answer.Add(Vocabulary.IdOf("Hello"), first).Add(Vocabulary.IdOf("!"), second).Add(Vocabulary.ToolCalls, " more").End();

        answer.Text.Should().Be(first + second + " more");
        answer.Differences.Should().ContainSingle();
        DecodedAnswer next = new DecodedAnswer(Vocabulary.ByteLevel, referee).Add(Vocabulary.IdOf("Hello"), "Ciao").End();
        next.Text.Should().Be("Ciao");
        next.Differences.Should().BeEmpty();
    }

    [Fact]
    public void A_model_with_other_ids_of_its_control_tokens_is_refuted()
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel);

        answer.Add("Hello").Add(Vocabulary.End, " world").Add(Vocabulary.ToolCalls, "!").End();

        answer.Text.Should().Be("Hello world!");
        answer.HasEnded.Should().BeFalse();
        answer.Differences.Should().ContainSingle().Which.Should().Be(Vocabulary.End);
    }

    [Fact]
    public void An_end_token_of_another_vocabulary_adds_no_word_to_the_answer()
    {
        // The runtime delivers its end token without a text. In the tokenizer file, its id is a word.
        DecodedAnswer empty = new DecodedAnswer(Vocabulary.ByteLevel).Add(Vocabulary.IdOf(" you"), "").End();
        DecodedAnswer answer = new DecodedAnswer(Vocabulary.ByteLevel).Add("Hello").Add(Vocabulary.IdOf(" you"), "").End();

        empty.Text.Should().BeEmpty();
        answer.Text.Should().Be("Hello");
        answer.Differences.Should().BeEmpty("the ids of the other tokens are right");
    }

    [Fact]
    public void Tokens_whose_text_the_runtime_never_delivers_are_a_difference()
    {
        DecodedAnswer answer = new DecodedAnswer(Vocabulary.ByteLevel).Add("Hello").Add(Vocabulary.IdOf(" you"), "").Add(Vocabulary.IdOf(" world"), "").End();

        answer.Text.Should().Be("Hello");
        answer.Differences.Should().ContainSingle();
    }

    [Fact]
    public void Text_of_an_unknown_id_is_that_of_the_runtime()
    {
        foreach (TokenReferee referee in (TokenReferee[])[new(), DecodedAnswer.Confirmed()])
        {
            DecodedAnswer answer = new(Vocabulary.ByteLevel, referee);
            byte[] bytes = Encoding.UTF8.GetBytes("😀");

            // The first two bytes are one token that the tokenizer does not have.
            answer.Add("Hello").Add(Unknown, "").Add(bytes[2], "").Add(bytes[3], "😀").Add(" you").Add(Unknown, " x").Add(Vocabulary.Think, "").Add("!").Add(-1, "\uFFFD").End();

            answer.Text.Should().Be("Hello😀 you x<think>!\uFFFD");
            answer.Differences.Should().BeEmpty();
        }
    }

    [Fact]
    public void A_runtime_without_text_does_not_empty_the_answer()
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel);

        foreach (string word in (string[])["Hello", " world", "!"])
            answer.Add(Vocabulary.IdOf(word), "");
        answer.Add(Vocabulary.End, "").End();

        answer.Text.Should().Be("Hello world!");
    }

    [Fact]
    public void A_character_that_a_limit_cuts_off_is_left_out()
    {
        DecodedAnswer answer = new DecodedAnswer(Vocabulary.ByteLevel).Add("Hello").Add(0xF0, "").Add(0x9F, "").End(isComplete: false);

        answer.Text.Should().Be("Hello");
        answer.Differences.Should().BeEmpty();
    }

    [Fact]
    public void Text_that_the_runtime_still_owes_at_a_limit_is_kept()
    {
        DecodedAnswer answer = new DecodedAnswer(Vocabulary.ByteLevel).Add("Hello").Add(Vocabulary.IdOf(" world"), "").End(isComplete: false);

        answer.Text.Should().Be("Hello world");
        answer.Differences.Should().BeEmpty();
    }

    [Fact]
    public void Every_token_gives_at_least_one_output_token()
    {
        DecodedAnswer answer = new(Vocabulary.ByteLevel);

        answer.Add(0xF0, "").Add(0x9F, "").Add(0x98, "").Add(0x80, "😀");

        answer.Output.Select(token => token.Text).Should().Equal("", "", "", "😀");
    }

    [Fact]
    public void After_enough_equal_tokens_the_texts_are_not_compared_any_more()
    {
        TokenReferee referee = new();
        DecodedAnswer answer = new(Vocabulary.ByteLevel, referee);

        for (int i = 0; i < TokenReferee.RequiredTokens; i++)
            answer.Add(" you");
        answer.Add(Vocabulary.IdOf(" world"), "?");

        referee.IsConfirmed.Should().BeTrue();
        answer.Text.Should().EndWith(" you world");
        answer.Differences.Should().BeEmpty();
    }

    /// <summary>Random tokens with the right texts, in a random way of the runtime to deliver characters.</summary>
    [Fact]
    public void No_text_is_lost_or_doubled()
    {
        Random random = new(7);
        for (int round = 0; round < 2000; round++)
        {
            bool isLate = random.Next(2) == 0;
            TokenReferee referee = random.Next(3) == 0 ? DecodedAnswer.Confirmed() : new();
            DecodedAnswer answer = new(Vocabulary.ByteLevel, referee);
            StringBuilder expected = new();
            string owed = "";
            for (int i = 0; i < 30; i++)
            {
                string word = Vocabulary.Words[random.Next(Vocabulary.Words.Length - 5)];
                switch (random.Next(5))
                {
                    case 0 when isLate:
                        answer.Add(Vocabulary.IdOf(word), owed);
                        owed = word;
                        break;
                    case 1 when owed.Length == 0:
                        answer.Add(Vocabulary.Think, random.Next(2) == 0 ? "" : "<think>");
                        word = "<think>";
                        break;
                    case 2 when !isLate:
                        answer.Add(Unknown, word = "ß");
                        break;
                    case 3 when owed.Length == 0:
                        byte[] bytes = Encoding.UTF8.GetBytes(word = "你");
                        answer.Add(bytes[0], "").Add(bytes[1], "").Add(bytes[2], word);
                        break;
                    default:
                        answer.Add(Vocabulary.IdOf(word), owed + word);
                        owed = "";
                        break;
                }

                expected.Append(word);
            }

            if (owed.Length > 0)
                answer.Add(-1, owed);
            answer.End();
            answer.Text.Should().Be(expected.ToString(), "round {0}", round);
            answer.Differences.Should().BeEmpty();
        }
    }

    [Fact]
    public void A_character_that_the_end_of_the_run_cuts_off_is_kept()
    {
        DecodedAnswer answer = new DecodedAnswer(Vocabulary.ByteLevel).Add(5000, "ok ").Add(5001, "\uFFFD").Add(5002, "\uFFFD\uFFFD").Add(5003, " then ").Add(5004, "");

        answer.Add(-1, "\uFFFD").End();

        answer.Text.Should().Be("ok \uFFFD\uFFFD\uFFFD then \uFFFD");
    }

    [Fact]
    public void The_rest_of_a_character_comes_after_the_end_token_and_counts_once()
    {
        DecodedAnswer unknown = new DecodedAnswer(Vocabulary.ByteLevel).Add(5003, "then ").Add(5004, "").Add(Vocabulary.End, "");
        DecodedAnswer known = new DecodedAnswer(Vocabulary.ByteLevel).Add("Hello").Add(0xE4, "").Add(0xBD, "").Add(Vocabulary.End, "");

        unknown.Add(-1, "\uFFFD").End();
        known.Add(-1, "\uFFFD").End();

        unknown.Text.Should().Be("then \uFFFD");
        known.Text.Should().Be("Hello\uFFFD");
    }
}

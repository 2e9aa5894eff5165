using RkLlama.Cli.Terminal;

namespace RkLlama.Cli.Tests.Terminal;

public sealed class AnswerWriterTests
{
    [Fact]
    public void Lines_break_between_words_wherever_the_pieces_end()
    {
        const string Text = "The quick brown fox jumps over the lazy dog";

        string whole = Write(20, Text), pieces = Write(20, [.. Text.Select(static character => character.ToString())]);

        whole.Should().Be("The quick brown fox\njumps over the lazy\ndog");
        pieces.Should().Be(whole);
    }

    [Fact]
    public void Without_a_width_the_text_is_the_same_and_nothing_is_held_back()
    {
        StringWriter output = new();
        AnswerWriter writer = new(output, null);

        writer.Write("one two  three");

        output.ToString().Should().Be("one two  three");
    }

    [Fact]
    public void Indented_code_keeps_its_blanks() => Write(40, "```\n", "    if x:\n        y  = 1\n", "```").Should().Be("```\n    if x:\n        y  = 1\n```");

    [Fact]
    public void Wide_characters_break_anywhere() => Write(12, "日本語の文章です").Should().Be("日本語の文\n章です");

    [Fact]
    public void A_model_cannot_control_the_terminal() => Write(40, "a\e[2Jb\a\u009bc\rd").Should().Be("a[2Jbcd");

    [Fact]
    public void A_character_in_two_pieces_is_written_once() => Write(40, "x\ud83d", "\udc4d y").Should().Be("x👍 y");

    private static string Write(int width, params string[] pieces)
    {
        StringWriter output = new();
        AnswerWriter writer = new(output, () => width);
        foreach (string piece in pieces)
            writer.Write(piece);
        writer.Flush();
        return output.ToString();
    }
}

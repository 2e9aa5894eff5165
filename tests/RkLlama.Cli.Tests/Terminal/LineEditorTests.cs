using System.Threading.Channels;
using RkLlama.Cli.Terminal.Editing;
using RkLlama.Cli.Tests.Support;

namespace RkLlama.Cli.Tests.Terminal;

/// <summary>What keys do to a line, and what is then on the screen.</summary>
public sealed class LineEditorTests
{
    private const string Left = "\e[D", Right = "\e[C", Up = "\e[A", Down = "\e[B", Home = "\e[H", End = "\e[F", Delete = "\e[3~", Enter = "\r", Backspace = "\x7f";

    [Theory]
    [InlineData("hello", "hello")]
    [InlineData("héllo wörld 日本 👍", "héllo wörld 日本 👍")]
    [InlineData("helo" + Left + "l", "hello")]
    [InlineData("xhello" + Home + Delete, "hello")]
    [InlineData("xhello\x01\x04", "hello")]
    [InlineData("ello\x01h" + End + "!", "hello!")]
    [InlineData("hello" + Left + Left + Right + "X\x05Y", "hellXoY")]
    [InlineData("hello there" + Left + Left + "\x0b", "hello the")]
    [InlineData("hello there" + Left + Left + "\x15", "re")]
    [InlineData("one two three\x17", "one two ")]
    [InlineData("one two three\x17\x17\x19", "one two ")]
    [InlineData("one two" + "\eb" + "X", "one Xtwo")]
    [InlineData("one two\x01" + "\e[1;5C" + "X", "oneX two")]
    [InlineData("one two\x01" + "\ed", " two")]
    [InlineData("日本語" + Backspace, "日本")]
    [InlineData("cafe\u0301" + Backspace, "caf")]
    [InlineData("a👍🏽" + Left + Backspace, "👍🏽")]
    [InlineData("one\e\rtwo", "one\ntwo")]
    public async Task Keys_edit_the_line(string keys, string expected)
    {
        (LineEnd end, string text, _) = await ReadAsync(new(80), keys + Enter);

        (end, text).Should().Be((LineEnd.Accepted, expected));
    }

    [Theory]
    [InlineData("\e[200~/bye\rtwo\e[201~", true)]
    [InlineData("\e[200~/bye\e[201~", false)]
    [InlineData("/set system \e[200~one\rtwo\e[201~", false)]
    [InlineData("\e[200~one\rtwo\e[201~ and a question", true)]
    public async Task A_line_that_begins_with_a_pasted_text_of_several_lines_is_marked(string keys, bool expected)
    {
        (_, _, bool isPaste) = await ReadAsync(new(80), keys + Enter);

        isPaste.Should().Be(expected);
    }

    [Fact]
    public async Task A_paste_of_several_lines_is_one_text()
    {
        Screen screen = new(80);

        (_, string text, _) = await ReadAsync(screen, "see: \e[200~one\r\ttwo\e[201~" + Enter);

        text.Should().Be("see: one\n    two");
        screen.Rows.Should().Equal(">>> see: one", "...     two", "");
    }

    [Fact]
    public async Task A_long_line_is_drawn_in_several_rows_and_can_be_edited_in_the_first()
    {
        Screen screen = new(20);

        (_, string text, _) = await ReadAsync(screen, "0123456789abcdefghijklmnopqrstuvwxyz\x01XY" + Enter, screen: 20);

        text.Should().Be("XY0123456789abcdefghijklmnopqrstuvwxyz");
        screen.Rows.Should().Equal(">>> XY0123456789abc", "defghijklmnopqrstuv", "wxyz", "");
    }

    [Fact]
    public async Task The_cursor_is_behind_the_wide_characters_before_it()
    {
        Screen screen = new(80);

        await ReadAsync(screen, "日本x" + Left, closes: true);

        screen.Rows.Should().Equal(">>> 日本x");
        screen.Cursor.Should().Be((0, 8));
    }

    [Fact]
    public async Task A_wide_character_is_not_cut_at_the_end_of_a_row()
    {
        Screen screen = new(12);

        await ReadAsync(screen, "abcdef日本" + Enter, screen: 12);

        screen.Rows.Should().Equal(">>> abcdef", "日本", "");
    }

    [Fact]
    public async Task Up_and_down_walk_through_the_history_and_keep_the_line_that_was_begun()
    {
        History history = new(null);
        history.Add("first");
        history.Add("second");

        string[] texts =
        [
            (await ReadAsync(new(80), Up + Enter, history)).Text,
            (await ReadAsync(new(80), Up + Up + Up + Enter, history)).Text,
            (await ReadAsync(new(80), "begun" + Up + Up + Down + Down + Down + Enter, history)).Text,
        ];

        texts.Should().Equal("second", "first", "begun");
    }

    [Fact]
    public async Task An_earlier_line_that_is_longer_leaves_nothing_behind()
    {
        Screen screen = new(20);
        History history = new(null);
        history.Add("a line that is longer than one row");

        await ReadAsync(screen, Up + Down + "x" + Enter, history, 20);

        screen.Rows.Should().Equal(">>> x", "");
    }

    [Theory]
    [InlineData("abc\x03", LineEnd.Interrupted, "abc")]
    [InlineData("\x04", LineEnd.EndOfInput, "")]
    [InlineData("", LineEnd.EndOfInput, "")]
    internal async Task Control_keys_leave_the_line(string keys, LineEnd end, string text) =>
        (await ReadAsync(new(80), keys, closes: true)).Should().Be((end, text, false));

    [Fact]
    public async Task The_hint_disappears_with_the_first_key_and_with_the_end_of_the_line()
    {
        Screen typed = new(80), empty = new(80);

        await ReadAsync(typed, "x" + Enter, hint: "Send a message");
        await ReadAsync(empty, "\x03", hint: "Send a message");

        typed.Rows.Should().Equal(">>> x", "");
        empty.Rows.Should().Equal(">>>", "");
    }

    [Fact]
    public async Task Control_L_clears_the_screen_and_keeps_the_line()
    {
        Screen screen = new(80);
        screen.Write("old\r\n");

        await ReadAsync(screen, "abc\fd" + Enter);

        screen.Rows.Should().Equal(">>> abcd", "");
    }

    private static async Task<(LineEnd End, string Text, bool IsPaste)> ReadAsync(
        Screen output, string keys, History? history = null, int screen = 80, string? hint = null, bool closes = false)
    {
        Channel<Key> channel = Channel.CreateUnbounded<Key>();
        LineEditor editor = new(channel.Reader, output, () => screen, history ?? new(null));
        Task<(LineEnd, string, bool)> reading = editor.ReadAsync(">>> ", hint, CancellationToken.None);
        foreach (Key key in Keys.Of(keys))
            channel.Writer.TryWrite(key);
        if (closes)
            channel.Writer.Complete();
        return await reading.WaitAsync(TimeSpan.FromSeconds(20));
    }
}

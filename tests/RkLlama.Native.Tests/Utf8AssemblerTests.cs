using System.Text;

namespace RkLlama.Native.Tests;

/// <summary>The three ways in which versions deliver a character that needs several tokens.</summary>
public sealed class Utf8AssemblerTests
{
    private readonly Utf8Assembler _assembler = new();
    private readonly StringBuilder _text = new();

    [Fact]
    public void Whole_pieces_pass_through()
    {
        Normal("The ");
        Normal("café ☕");

        Text().Should().Be("The café ☕");
    }

    [Fact]
    public void Waiting_without_text_adds_nothing()
    {
        Waiting([]);
        Normal("😀");

        Text().Should().Be("😀");
    }

    [Fact]
    public void Bytes_that_come_bit_by_bit_are_joined()
    {
        Waiting([0xF0, 0x9F]);
        Waiting([0x98]);
        Normal([0x80, (byte)'!']);

        Text().Should().Be("😀!");
    }

    [Fact]
    public void Bytes_that_come_bit_by_bit_in_normal_pieces_are_joined()
    {
        Normal([(byte)'a', 0xE2]);
        Normal([0x98]);
        Normal([0x95, (byte)'b']);

        Text().Should().Be("a☕b");
    }

    [Fact]
    public void First_bytes_are_dropped_when_the_whole_character_follows()
    {
        Waiting([0xF0, 0x9F]);
        Waiting([0xF0, 0x9F, 0x98]);
        Normal("😀");

        Text().Should().Be("😀");
    }

    [Fact]
    public void An_unfinished_character_is_replaced_at_the_end()
    {
        Normal([(byte)'a', 0xF0, 0x9F]);

        Text().Should().Be("a\uFFFD");
    }

    [Fact]
    public void An_unfinished_character_that_waiting_brought_is_replaced_at_the_end()
    {
        Normal("a");
        Waiting([0xF0, 0x9F]);

        Text().Should().Be("a\uFFFD");
    }

    [Theory]
    [InlineData(new byte[] { 0xFF }, "\uFFFD")]
    [InlineData(new byte[] { 0xC0, 0xAF }, "\uFFFD\uFFFD")]
    [InlineData(new byte[] { (byte)'a', 0x80, (byte)'b' }, "a\uFFFDb")]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 }, "\uFFFD\uFFFD\uFFFD")]
    public void Bytes_that_are_no_text_are_replaced(byte[] piece, string expected)
    {
        Normal(piece);

        Text().Should().Be(expected);
    }

    [Fact]
    public void An_unfinished_character_followed_by_text_is_replaced()
    {
        Normal([0xF0, 0x9F]);
        Normal("x");

        Text().Should().Be("\uFFFDx");
    }

    [Fact]
    public void A_run_starts_clean_after_a_flush()
    {
        Normal([0xF0, 0x9F]);
        Text();
        _text.Clear();

        Normal("ok");

        Text().Should().Be("ok");
    }

    private void Normal(string piece) => Normal(Encoding.UTF8.GetBytes(piece));

    private void Normal(byte[] piece) => Add(_assembler.Append(piece));

    private void Waiting(byte[] piece) => _assembler.Hold(piece);

    private string Text()
    {
        Add(_assembler.Flush());
        return _text.ToString();
    }

    private void Add(ReadOnlyMemory<byte> bytes) =>
        _text.Append(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.Span));
}

using System.Text;

namespace RkLlama.Native.Tests;

/// <summary>Assembly of characters that span several tokens, for the three ways in which library versions deliver them.</summary>
public sealed class Utf8AssemblerTests
{
    private readonly Utf8Assembler _assembler = new();
    private readonly StringBuilder _text = new();

    [Fact]
    public void Complete_pieces_pass_through()
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
    public void Partial_bytes_that_come_with_waiting_are_joined()
    {
        Waiting([0xF0, 0x9F]);
        Waiting([0x98]);
        Normal([0x80, (byte)'!']);

        Text().Should().Be("😀!");
    }

    [Fact]
    public void Partial_bytes_in_normal_pieces_are_joined()
    {
        Normal([(byte)'a', 0xE2]);
        Normal([0x98]);
        Normal([0x95, (byte)'b']);

        Text().Should().Be("a☕b");
    }

    [Fact]
    public void Partial_bytes_are_dropped_if_the_whole_character_follows()
    {
        Waiting([0xF0, 0x9F]);
        Waiting([0xF0, 0x9F, 0x98]);
        Normal("😀");

        Text().Should().Be("😀");
    }

    [Fact]
    public void An_incomplete_character_is_replaced_at_the_end()
    {
        Normal([(byte)'a', 0xF0, 0x9F]);

        Text().Should().Be("a\uFFFD");
    }

    [Fact]
    public void An_incomplete_character_that_came_with_waiting_is_replaced_at_the_end()
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
    public void Invalid_bytes_are_replaced(byte[] piece, string expected)
    {
        Normal(piece);

        Text().Should().Be(expected);
    }

    [Fact]
    public void An_incomplete_character_before_other_text_is_replaced()
    {
        Normal([0xF0, 0x9F]);
        Normal("x");

        Text().Should().Be("\uFFFDx");
    }

    [Fact]
    public void Flush_resets_the_state()
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

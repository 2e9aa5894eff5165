using RkLlama.Cli.Terminal.Editing;
using RkLlama.Cli.Tests.Support;

namespace RkLlama.Cli.Tests.Terminal;

public sealed class KeyDecoderTests
{
    [Theory]
    [InlineData("\e[A", KeyAction.Previous)]
    [InlineData("\eOB", KeyAction.Next)]
    [InlineData("\e[1~", KeyAction.Home)]
    [InlineData("\e[8~", KeyAction.End)]
    [InlineData("\e[1;3D", KeyAction.WordLeft)]
    [InlineData("\e\x7f", KeyAction.KillWordLeft)]
    [InlineData("\e[200~", KeyAction.PasteStart)]
    [InlineData("\x03", KeyAction.Interrupt)]
    [InlineData("\b", KeyAction.Backspace)]
    internal void A_sequence_in_single_characters_is_one_key(string text, KeyAction expected) => Keys.Of(text).Should().Equal(new Key(expected));

    [Theory]
    [InlineData("\e[15~")]
    [InlineData("\e[?62;4c")]
    [InlineData("\eZ")]
    public void A_sequence_without_a_meaning_inserts_nothing(string text) => Keys.Of(text).Should().BeEmpty();

    [Fact]
    public void Keys_that_dotnet_has_decoded_keep_their_meaning()
    {
        KeyDecoder decoder = new();

        decoder.Read(new('\0', ConsoleKey.LeftArrow, false, false, true)).Action.Should().Be(KeyAction.WordLeft);
        decoder.Read(new('\0', ConsoleKey.Delete, false, false, false)).Action.Should().Be(KeyAction.Delete);
        decoder.Read(new('b', ConsoleKey.B, false, true, false)).Action.Should().Be(KeyAction.WordLeft);
        decoder.Read(default).Action.Should().Be(KeyAction.HangUp);
    }

    [Fact]
    public void A_paste_mark_of_which_dotnet_has_joined_the_beginning_is_one_key()
    {
        KeyDecoder decoder = new();

        Key[] keys = [decoder.Read(new('[', default, false, true, false)), .. "200~".Select(character => decoder.Read(new(character, default, false, false, false)))];

        keys.Where(static key => key.Action != KeyAction.None).Should().Equal(new Key(KeyAction.PasteStart));
    }
}

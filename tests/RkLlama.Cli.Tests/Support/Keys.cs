using RkLlama.Cli.Terminal.Editing;

namespace RkLlama.Cli.Tests.Support;

/// <summary>Turns what a terminal sends into keys, one character at a time, as over a slow line.</summary>
internal static class Keys
{
    internal static IEnumerable<Key> Of(string text)
    {
        KeyDecoder decoder = new();
        return [.. text.Select(character => decoder.Read(new(character, KeyOf(character), false, false, false))).Where(static key => key.Action != KeyAction.None)];
    }

    private static ConsoleKey KeyOf(char character) => character switch
    {
        '\r' => ConsoleKey.Enter,
        '\e' => ConsoleKey.Escape,
        '\x7f' => ConsoleKey.Backspace,
        _ => default,
    };
}

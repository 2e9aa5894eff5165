using System.Globalization;
using System.Text;

namespace RkLlama.Cli.Terminal.Editing;

/// <summary>
/// Turns what the console reads into keys. A slow line can deliver an escape sequence in pieces, and .NET does not know all sequences: the decoder joins the
/// pieces that arrive as single characters.
/// </summary>
internal sealed class KeyDecoder
{
    private const char Escape = '\e';

    private readonly StringBuilder _sequence = new();
    private char _highSurrogate;
    private bool _isAfterEscape;

    /// <returns>The key; an action of <see cref="KeyAction.None"/> if the input is not complete or has no meaning.</returns>
    internal Key Read(ConsoleKeyInfo input)
    {
        if (_sequence.Length > 0)
            return Continue(input.KeyChar);
        if (_isAfterEscape)
        {
            _isAfterEscape = false;
            return AfterEscape(input.KeyChar, input);
        }

        bool isAlt = input.Modifiers.HasFlag(ConsoleModifiers.Alt), isControl = input.Modifiers.HasFlag(ConsoleModifiers.Control);
        if (input.KeyChar == Escape || (input.Key == ConsoleKey.Escape && !isAlt))
        {
            _isAfterEscape = true;
            return default;
        }

        if (Named(input.Key, isAlt, isControl) is { } named)
            return new(named);
        return isAlt ? AfterEscape(input.KeyChar, input) : Character(input.KeyChar, input);
    }

    private Key AfterEscape(char character, ConsoleKeyInfo input)
    {
        switch (character)
        {
            case '[' or 'O':
                _sequence.Append(character);
                return default;
            case 'b' or 'B':
                return new(KeyAction.WordLeft);
            case 'f' or 'F':
                return new(KeyAction.WordRight);
            case 'd' or 'D':
                return new(KeyAction.KillWordRight);
            case '\b' or '\x7F':
                return new(KeyAction.KillWordLeft);
            case '\r' or '\n':
                return new(KeyAction.Insert, new('\n'));
            case Escape:
                _isAfterEscape = true;
                return default;
            default:
                return Named(input.Key, isAlt: true, isControl: false) is { } named ? new(named) : default;
        }
    }

    private Key Continue(char character)
    {
        if (character is >= ' ' and < '@' && _sequence.Length < 16)
        {
            _sequence.Append(character);
            return default;
        }

        string parameters = _sequence.ToString(1, _sequence.Length - 1);
        _sequence.Clear();
        bool isWord = parameters.EndsWith(";3", StringComparison.Ordinal) || parameters.EndsWith(";5", StringComparison.Ordinal);
        return new(character switch
        {
            'A' => KeyAction.Previous,
            'B' => KeyAction.Next,
            'C' => isWord ? KeyAction.WordRight : KeyAction.Right,
            'D' => isWord ? KeyAction.WordLeft : KeyAction.Left,
            'H' => KeyAction.Home,
            'F' => KeyAction.End,
            '~' => parameters.Split(';')[0] switch
            {
                "1" or "7" => KeyAction.Home,
                "4" or "8" => KeyAction.End,
                "3" => KeyAction.Delete,
                "200" => KeyAction.PasteStart,
                "201" => KeyAction.PasteEnd,
                _ => KeyAction.None,
            },
            _ => KeyAction.None,
        });
    }

    private static KeyAction? Named(ConsoleKey key, bool isAlt, bool isControl) => key switch
    {
        ConsoleKey.Enter when !isAlt => KeyAction.Accept,
        ConsoleKey.Backspace => isAlt ? KeyAction.KillWordLeft : KeyAction.Backspace,
        ConsoleKey.Delete => isAlt || isControl ? KeyAction.KillWordRight : KeyAction.Delete,
        ConsoleKey.LeftArrow => isAlt || isControl ? KeyAction.WordLeft : KeyAction.Left,
        ConsoleKey.RightArrow => isAlt || isControl ? KeyAction.WordRight : KeyAction.Right,
        ConsoleKey.UpArrow => KeyAction.Previous,
        ConsoleKey.DownArrow => KeyAction.Next,
        ConsoleKey.Home => KeyAction.Home,
        ConsoleKey.End => KeyAction.End,
        _ => null,
    };

    private Key Character(char character, ConsoleKeyInfo input)
    {
        if (character == '\0' && input.Key == default && input.Modifiers == default)
            return new(KeyAction.HangUp);
        if (char.IsHighSurrogate(character))
        {
            _highSurrogate = character;
            return default;
        }

        if (char.IsLowSurrogate(character))
            return Rune.TryCreate(_highSurrogate, character, out Rune pair) ? new(KeyAction.Insert, pair) : default;
        return character switch
        {
            '\x01' => new(KeyAction.Home),
            '\x02' => new(KeyAction.Left),
            '\x03' => new(KeyAction.Interrupt),
            '\x04' => new(KeyAction.EndOfInput),
            '\x05' => new(KeyAction.End),
            '\x06' => new(KeyAction.Right),
            '\b' or '\x7F' => new(KeyAction.Backspace),
            '\t' => new(KeyAction.Insert, new('\t')),
            '\n' or '\r' => new(KeyAction.Accept),
            '\v' => new(KeyAction.KillToEnd),
            '\f' => new(KeyAction.ClearScreen),
            '\x0E' => new(KeyAction.Next),
            '\x10' => new(KeyAction.Previous),
            '\x15' => new(KeyAction.KillToStart),
            '\x17' => new(KeyAction.KillWordLeft),
            '\x19' => new(KeyAction.Yank),
            _ when char.GetUnicodeCategory(character) == UnicodeCategory.Control => default,
            _ => new(KeyAction.Insert, new(character)),
        };
    }
}

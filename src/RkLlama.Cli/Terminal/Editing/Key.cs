using System.Text;

namespace RkLlama.Cli.Terminal.Editing;

/// <summary>What a key does in the line editor.</summary>
internal enum KeyAction
{
    None,
    Insert,
    Accept,
    Backspace,
    Delete,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Previous,
    Next,
    KillToEnd,
    KillToStart,
    KillWordLeft,
    KillWordRight,
    Yank,
    ClearScreen,
    Interrupt,
    EndOfInput,
    PasteStart,
    PasteEnd,

    /// <summary>The terminal is gone.</summary>
    HangUp,
}

/// <param name="Rune">The character; only for <see cref="KeyAction.Insert"/>.</param>
internal readonly record struct Key(KeyAction Action, Rune Rune = default);

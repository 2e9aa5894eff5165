using System.Globalization;

namespace RkLlama.Cli.Terminal.Editing;

/// <summary>The text of a line and the cursor in it. The cursor moves by whole characters, as a reader sees them.</summary>
internal sealed class EditBuffer
{
    private const string Tab = "    ";

    private string _killed = "";

    internal string Text { get; private set; } = "";

    /// <summary>The cursor: an index in <see cref="Text"/>.</summary>
    internal int Cursor { get; private set; }

    /// <summary>Replaces the text and puts the cursor at its end.</summary>
    internal void Set(string text) => (Text, Cursor) = (text, text.Length);

    /// <summary>Changes text or cursor as a key says.</summary>
    /// <returns>False if the key does not belong to the editing of a text.</returns>
    internal bool Apply(Key key)
    {
        switch (key.Action)
        {
            case KeyAction.Insert:
                Insert(key.Rune.Value == '\t' ? Tab : key.Rune.ToString());
                break;
            case KeyAction.Yank:
                Insert(_killed);
                break;
            case KeyAction.Backspace:
                Remove(Before(Cursor), Cursor);
                break;
            case KeyAction.Delete or KeyAction.EndOfInput:
                Remove(Cursor, After(Cursor));
                break;
            case KeyAction.Left:
                Cursor = Before(Cursor);
                break;
            case KeyAction.Right:
                Cursor = After(Cursor);
                break;
            case KeyAction.WordLeft:
                Cursor = WordBefore(Cursor);
                break;
            case KeyAction.WordRight:
                Cursor = WordAfter(Cursor);
                break;
            case KeyAction.Home:
                Cursor = 0;
                break;
            case KeyAction.End:
                Cursor = Text.Length;
                break;
            case KeyAction.KillToEnd:
                Kill(Cursor, Text.Length);
                break;
            case KeyAction.KillToStart:
                Kill(0, Cursor);
                break;
            case KeyAction.KillWordLeft:
                Kill(WordBefore(Cursor), Cursor);
                break;
            case KeyAction.KillWordRight:
                Kill(Cursor, WordAfter(Cursor));
                break;
            default:
                return false;
        }

        return true;
    }

    private void Insert(string text) => (Text, Cursor) = (Text.Insert(Cursor, text), Cursor + text.Length);

    private void Remove(int start, int end) => (Text, Cursor) = (Text.Remove(start, end - start), start);

    private void Kill(int start, int end)
    {
        if (end > start)
            _killed = Text[start..end];
        Remove(start, end);
    }

    private int After(int at) => at < Text.Length ? at + StringInfo.GetNextTextElementLength(Text, at) : at;

    private int Before(int at)
    {
        int start = 0;
        for (int next = 0; next < at; next = After(next))
            start = next;
        return start;
    }

    private int WordBefore(int at)
    {
        while (at > 0 && char.IsWhiteSpace(Text[at - 1]))
            at--;
        while (at > 0 && !char.IsWhiteSpace(Text[at - 1]))
            at--;
        return at;
    }

    private int WordAfter(int at)
    {
        while (at < Text.Length && char.IsWhiteSpace(Text[at]))
            at++;
        while (at < Text.Length && !char.IsWhiteSpace(Text[at]))
            at++;
        return at;
    }
}

using System.Text;

namespace RkLlama.Cli.Terminal;

/// <summary>
/// Writes the text of a model to a terminal as it arrives. Breaks lines between words, and drops control characters: a model must not move the cursor or
/// change the terminal.
/// </summary>
/// <param name="width">Returns the columns of the terminal; <see langword="null"/> to break no lines.</param>
internal sealed class AnswerWriter(TextWriter output, Func<int>? width)
{
    private readonly StringBuilder _word = new();
    private readonly StringBuilder _text = new();
    private int _wordWidth;
    private int _column;
    private bool _hasSpace;
    private char _highSurrogate;

    /// <summary>Writes a piece of text. A word is held back until its end is known.</summary>
    internal void Write(string piece)
    {
        string text = _highSurrogate == 0 ? piece : _highSurrogate + piece;
        _highSurrogate = text.Length > 0 && char.IsHighSurrogate(text[^1]) ? text[^1] : '\0';
        foreach (Rune rune in (_highSurrogate == 0 ? text : text[..^1]).EnumerateRunes())
            Add(rune);
        if (width is null)
            EndWord();
        Send();
    }

    /// <summary>Writes what is held back.</summary>
    internal void Flush()
    {
        EndWord();
        _hasSpace = false;
        Send();
    }

    /// <summary>Tells the writer that something else has moved the cursor to the start of a line.</summary>
    internal void StartLine() => _column = 0;

    private void Add(Rune rune)
    {
        switch (rune.Value)
        {
            case '\n':
                EndWord();
                _text.Append('\n');
                (_column, _hasSpace) = (0, false);
                break;
            case '\t':
                AddBlank("    ");
                break;
            case ' ':
                AddBlank(" ");
                break;
            case < ' ' or (>= 0x7F and < 0xA0):
                break;
            default:
                // Between wide characters (Chinese, Japanese), a line may break anywhere.
                int size = DisplayWidth.Of(rune);
                if (size == 2)
                    EndWord();
                _word.Append(rune.ToString());
                _wordWidth += size;
                break;
        }
    }

    /// <summary>Writes blanks at once, except one before a word: it is dropped if the line breaks there.</summary>
    private void AddBlank(string blank)
    {
        EndWord();
        if (width is null || blank.Length > 1 || _hasSpace || _column == 0)
        {
            SendSpace();
            _text.Append(blank);
            _column += blank.Length;
        }
        else
        {
            _hasSpace = true;
        }
    }

    private void EndWord()
    {
        if (_word.Length == 0)
            return;
        int room = width is null ? int.MaxValue : Math.Max(width() - 1, 8);
        if (_column > 0 && _column + (_hasSpace ? 1 : 0) + _wordWidth > room)
        {
            _text.Append('\n');
            (_column, _hasSpace) = (0, false);
        }

        SendSpace();
        _text.Append(_word);
        _column = room == int.MaxValue ? 0 : (_column + _wordWidth) % Math.Max(width!(), 8);
        _word.Clear();
        _wordWidth = 0;
    }

    private void SendSpace()
    {
        if (!_hasSpace)
            return;
        _text.Append(' ');
        _column++;
        _hasSpace = false;
    }

    private void Send()
    {
        output.Write(_text.ToString());
        output.Flush();
        _text.Clear();
    }
}

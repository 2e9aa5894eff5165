using System.Threading.Channels;

namespace RkLlama.Cli.Terminal.Editing;

/// <summary>How the user has left a line.</summary>
internal enum LineEnd
{
    Accepted,
    Interrupted,
    EndOfInput,
}

/// <summary>Reads lines from a terminal, with editing and history.</summary>
internal sealed class LineEditor(ChannelReader<Key> keys, TextWriter output, Func<int> width, History history)
{
    private const string StartPastes = "\e[?2004h", StopPastes = "\e[?2004l";

    private readonly LineView _view = new(output, width);

    /// <param name="hint">A text to show while the line is empty, already with its colour; <see langword="null"/> for none.</param>
    /// <returns>
    /// The line, without its end, and how the user has left it. A pasted text may have several lines. <c>IsPaste</c>: the line begins with a pasted text of
    /// several lines.
    /// </returns>
    internal async Task<(LineEnd End, string Text, bool IsPaste)> ReadAsync(string prompt, string? hint, CancellationToken cancellationToken)
    {
        EditBuffer buffer = new();
        HistoryWalk walk = new(history.Lines);
        bool isPaste = false, isAtStart = false, isPastedText = false;
        output.Write(StartPastes);
        _view.Begin();
        try
        {
            while (true)
            {
                _view.Draw(prompt, buffer.Text, buffer.Cursor, hint);
                if (!await keys.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
                    return (LineEnd.EndOfInput, "", false);

                // Draws once for all keys that have arrived together.
                while (keys.TryRead(out Key key))
                {
                    if (isPaste && key.Action == KeyAction.Accept)
                    {
                        key = new(KeyAction.Insert, new('\n'));
                        isPastedText |= isAtStart;
                    }

                    if (key.Action is KeyAction.PasteStart or KeyAction.PasteEnd)
                        (isPaste, isAtStart) = (key.Action == KeyAction.PasteStart, buffer.Cursor == 0);
                    else if (EndOf(key, buffer.Text) is { } end)
                        return (end, Finish(prompt, buffer), isPastedText);
                    else if (key.Action == KeyAction.ClearScreen)
                        _view.Clear();
                    else if (key.Action is KeyAction.Previous or KeyAction.Next)
                    {
                        isPastedText = false;
                        buffer.Set(walk.Step(buffer.Text, key.Action == KeyAction.Previous ? -1 : 1));
                    }
                    else
                        buffer.Apply(key);
                }
            }
        }
        finally
        {
            output.Write(StopPastes);
            output.Flush();
        }
    }

    private static LineEnd? EndOf(Key key, string text) => key.Action switch
    {
        KeyAction.Accept => LineEnd.Accepted,
        KeyAction.Interrupt => LineEnd.Interrupted,
        KeyAction.HangUp => LineEnd.EndOfInput,
        KeyAction.EndOfInput when text.Length == 0 => LineEnd.EndOfInput,
        _ => null,
    };

    /// <summary>Draws the line as it was entered, without the hint.</summary>
    private string Finish(string prompt, EditBuffer buffer)
    {
        _view.Draw(prompt, buffer.Text, buffer.Text.Length);
        _view.End();
        return buffer.Text;
    }

    /// <summary>The position in the history. The line that the user had begun is behind its end.</summary>
    private sealed class HistoryWalk(IReadOnlyList<string> lines)
    {
        private int _at = lines.Count;
        private string _draft = "";

        internal string Step(string current, int step)
        {
            if (_at == lines.Count)
                _draft = current;
            int next = Math.Clamp(_at + step, 0, lines.Count);
            if (next == _at)
                return current;
            _at = next;
            return _at == lines.Count ? _draft : lines[_at];
        }
    }
}

using System.Globalization;
using System.Text;

namespace RkLlama.Cli.Terminal.Editing;

/// <summary>
/// Draws a prompt and the text behind it, in as many rows as they need. The last column stays empty, because terminals handle it differently.
/// </summary>
/// <param name="width">Returns the columns of the terminal.</param>
internal sealed class LineView(TextWriter output, Func<int> width)
{
    private const string Continuation = "... ";

    private Layout? _drawn;

    /// <summary>Starts a line. What was drawn before stays.</summary>
    internal void Begin() => _drawn = null;

    /// <summary>Clears the screen. The next <see cref="Draw"/> draws in its first row.</summary>
    internal void Clear()
    {
        output.Write("\e[H\e[2J");
        _drawn = null;
    }

    /// <param name="cursor">The cursor: an index in the text.</param>
    /// <param name="hint">A text to show if there is no text, already with its colour; <see langword="null"/> for none.</param>
    internal void Draw(string prompt, string text, int cursor, string? hint = null)
    {
        Layout layout = Layout.Of(prompt, text, cursor, Math.Max(width() - 1, 8));
        if (_drawn is { } old && layout.Extends(old) is { } added && hint is null)
            output.Write(added);
        else
            Redraw(layout, text.Length == 0 ? hint : null);
        _drawn = layout with { HasHint = text.Length == 0 && hint is not null };
        output.Flush();
    }

    /// <summary>Moves the cursor to the row below the text.</summary>
    internal void End()
    {
        if (_drawn is { } layout)
        {
            Move(layout.Rows.Count - 1 - layout.CursorRow, 'B');
            output.Write(layout.HasHint ? "\e[K\r\n" : "\r\n");
        }

        _drawn = null;
        output.Flush();
    }

    private void Redraw(Layout layout, string? hint)
    {
        if (_drawn is { } old)
            Move(old.CursorRow, 'A');
        output.Write("\r\e[J");
        output.Write(string.Join("\r\n", layout.Rows));
        output.Write(hint);
        if (hint is null && layout.IsCursorAtEnd)
            return;
        Move(layout.Rows.Count - 1 - layout.CursorRow, 'A');
        output.Write('\r');
        Move(layout.CursorColumn, 'C');
    }

    private void Move(int count, char direction)
    {
        if (count > 0)
            output.Write(string.Create(CultureInfo.InvariantCulture, $"\e[{count}{direction}"));
    }

    private sealed record Layout(IReadOnlyList<string> Rows, int CursorRow, int CursorColumn, bool IsCursorAtEnd)
    {
        internal bool HasHint { get; init; }

        internal static Layout Of(string prompt, string text, int cursor, int width)
        {
            List<string> rows = [];
            StringBuilder row = new(prompt);
            int column = DisplayWidth.Of(prompt), cursorRow = 0, cursorColumn = column;
            for (int at = 0; at < text.Length;)
            {
                int length = StringInfo.GetNextTextElementLength(text, at), size = DisplayWidth.Of(text.Substring(at, length));
                bool isBreak = text[at] is '\n';
                if (!isBreak && column + size > width)
                    NextRow("");
                if (at == cursor)
                    (cursorRow, cursorColumn) = (rows.Count, column);
                if (isBreak)
                    NextRow(Continuation);
                else
                    row.Append(text, at, length);
                column += isBreak ? 0 : size;
                at += length;
            }

            if (cursor >= text.Length)
                (cursorRow, cursorColumn) = (rows.Count, column);
            rows.Add(row.ToString());
            return new(rows, cursorRow, cursorColumn, cursor >= text.Length);

            void NextRow(string prefix)
            {
                rows.Add(row.ToString());
                row.Clear().Append(prefix);
                column = prefix.Length;
            }
        }

        /// <summary>Returns the text that turns the old layout into this one, if text was only added at its end; otherwise <see langword="null"/>.</summary>
        internal string? Extends(Layout old) =>
            !old.HasHint && old.IsCursorAtEnd && IsCursorAtEnd && old.Rows.Count == Rows.Count && old.Rows.SkipLast(1).SequenceEqual(Rows.SkipLast(1)) && Rows[^1].StartsWith(old.Rows[^1], StringComparison.Ordinal)
                ? Rows[^1][old.Rows[^1].Length..]
                : null;
    }
}

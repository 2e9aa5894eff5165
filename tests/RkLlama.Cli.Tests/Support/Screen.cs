using System.Globalization;
using System.Text;
using RkLlama.Cli.Terminal;

namespace RkLlama.Cli.Tests.Support;

/// <summary>A terminal that knows the control sequences that the command line may use. Any other sequence is an error. The screen has no last row.</summary>
internal sealed class Screen(int width) : StringWriter(CultureInfo.InvariantCulture)
{
    private readonly List<List<string>> _rows = [[]];
    private int _row;
    private int _column;

    /// <summary>The rows from the first to the last one that was used, without trailing spaces.</summary>
    internal string[] Rows => [.. _rows.Select(static row => string.Concat(row).TrimEnd())];

    internal (int Row, int Column) Cursor => (_row, _column);

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value)
    {
        string text = value ?? "";
        for (int at = 0; at < text.Length;)
        {
            if (text[at] == '\e')
            {
                // ESC = and ESC > set the mode of the keypad.
                at = text[at + 1] is '=' or '>' ? at + 2 : Control(text, at + 2);
                continue;
            }

            Rune rune = Rune.GetRuneAt(text, at);
            at += rune.Utf16SequenceLength;
            Put(rune);
        }
    }

    private void Put(Rune rune)
    {
        switch (rune.Value)
        {
            case '\r':
                _column = 0;
                return;
            case '\n':
                (_row, _column) = (_row + 1, 0);
                while (_rows.Count <= _row)
                    _rows.Add([]);
                return;
        }

        int size = DisplayWidth.Of(rune);
        if (_column + size > width)
            Put(new('\n'));
        List<string> row = _rows[_row];
        while (row.Count < _column + size)
            row.Add(" ");
        if (size == 0)
        {
            row[_column - 1] += rune.ToString();
            return;
        }

        row[_column] = rune.ToString();
        if (size == 2)
            row[_column + 1] = "";
        _column += size;
    }

    private int Control(string text, int at)
    {
        text[at - 1].Should().Be('[');
        int end = at;
        while (text[end] is < '@' or > '~')
            end++;
        string parameter = text[at..end];
        int count = int.TryParse(parameter, out int number) ? number : 1;
        switch (text[end])
        {
            case 'A':
                _row -= count;
                _row.Should().BeGreaterThanOrEqualTo(0);
                break;
            case 'B':
                _row += count;
                break;
            case 'C':
                _column += count;
                break;
            case 'H':
                (_row, _column) = (0, 0);
                break;
            case 'J' when parameter == "2":
                _rows.Clear();
                _rows.Add([]);
                break;
            case 'J':
                _rows[_row] = [.. _rows[_row].Take(_column)];
                _rows.RemoveRange(_row + 1, _rows.Count - _row - 1);
                break;
            case 'K':
                _rows[_row] = [.. _rows[_row].Take(_column)];
                break;
            case 'm' or 'h' or 'l':
                break;
            default:
                throw new InvalidOperationException($"unknown sequence {text[at..(end + 1)]}");
        }

        return end + 1;
    }
}

using System.Text;

namespace RkLlama.Cli.Terminal;

/// <summary>Formats columns as Ollama does: each cell is padded to the widest cell of its column and followed by four spaces. The last
/// header is not padded.</summary>
internal static class Table
{
    private const int Gap = 4;

    /// <param name="headers">The names of the columns; <see langword="null"/> for a table without a header.</param>
    /// <param name="indent">Number of spaces before each line.</param>
    internal static string Format(IReadOnlyList<string>? headers, IReadOnlyList<IReadOnlyList<string>> rows, int indent = 0)
    {
        IReadOnlyList<IReadOnlyList<string>> all = headers is null ? rows : [headers, .. rows];
        int[] widths = [.. Enumerable.Range(0, all.Max(static row => row.Count)).Select(column => all.Max(row => column < row.Count ? DisplayWidth.Of(row[column]) : 0))];
        StringBuilder text = new();
        foreach (IReadOnlyList<string> row in all)
        {
            text.Append(' ', indent);
            for (int column = 0; column < row.Count; column++)
            {
                bool isLastHeader = ReferenceEquals(row, headers) && column == row.Count - 1;
                text.Append(row[column]).Append(' ', isLastHeader ? Gap + 1 : widths[column] - DisplayWidth.Of(row[column]) + Gap);
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}

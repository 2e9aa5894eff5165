using System.Text;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// Splits a log into lines. Returns a line that is longer than <see cref="MaxLineLength"/> in parts. The last line may have no line break. Used by one thread.
/// </summary>
internal sealed class LogLines(TextReader reader)
{
    /// <summary>Maximum length of a returned line in characters. A longer line is returned in parts.</summary>
    internal const int MaxLineLength = 8192;

    private readonly StringBuilder _line = new();

    /// <summary>Blocks until the next line or part of a line is complete, or the log has ended.</summary>
    /// <returns>The line without its line break; <see langword="null"/> if the log has ended and all lines were returned.</returns>
    internal string? Next()
    {
        // Reads one character per call, because a call that reads several may block for more data although a complete line has arrived.
        while (reader.Read() is >= 0 and var c)
        {
            if (c == '\n')
                return Take();
            _line.Append((char)c);
            if (_line.Length == MaxLineLength)
                return Take();
        }

        return _line.Length > 0 ? Take() : null;
    }

    private string Take()
    {
        string line = _line.ToString().TrimEnd('\r');
        _line.Clear();
        return line;
    }
}

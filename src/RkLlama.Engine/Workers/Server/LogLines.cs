using System.Text;

namespace RkLlama.Engine.Workers.Server;

/// <summary>The lines of a log whose writer may forget to end them. For one thread.</summary>
internal sealed class LogLines(TextReader reader)
{
    /// <summary>Characters; what is longer comes in pieces.</summary>
    internal const int Longest = 8192;

    private readonly StringBuilder _line = new();

    /// <summary>Blocks until the next line.</summary>
    /// <returns>Without its end; <see langword="null"/> at the end of the log.</returns>
    internal string? Next()
    {
        // One by one: reading many waits for more where the reader's buffer has just been filled.
        while (reader.Read() is >= 0 and var c)
        {
            if (c == '\n')
                return Take();
            _line.Append((char)c);
            if (_line.Length == Longest)
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

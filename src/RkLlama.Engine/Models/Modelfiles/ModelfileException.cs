namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>
/// A Modelfile has an error. The message starts with <c>file:line:column:</c>. Line and column start at 1; the column counts UTF-16 code units.
/// </summary>
internal sealed class ModelfileException(string file, int line, int column, string reason, Exception? inner = null)
    : Exception($"{file}:{line}:{column}: {reason}", inner)
{
    public string File { get; } = file;
    public int Line { get; } = line;
    public int Column { get; } = column;

    /// <summary>The message without file, line and column.</summary>
    public string Reason { get; } = reason;
}

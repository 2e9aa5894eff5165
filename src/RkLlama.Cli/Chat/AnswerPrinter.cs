using RkLlama.Cli.Terminal;

namespace RkLlama.Cli.Chat;

/// <summary>Prints one answer: the thoughts dimmed and between two marks, then the content.</summary>
/// <param name="width">Returns the columns of the terminal; <see langword="null"/> to break no lines.</param>
/// <param name="isTerminal">Whether the output is a terminal. Other outputs get the text as the model wrote it.</param>
internal sealed class AnswerPrinter(TextWriter output, bool isTerminal, bool hasColor, bool hidesThinking, Func<int>? width)
{
    internal const string Dim = "\e[90m", Plain = "\e[0m";

    private readonly AnswerWriter? _writer = isTerminal ? new(output, width) : null;
    private bool _isThinking;

    /// <summary>Whether anything was printed.</summary>
    internal bool HasText { get; private set; }

    internal void Thinking(string text)
    {
        if (hidesThinking || text.Length == 0)
            return;
        if (!_isThinking)
        {
            output.Write(hasColor ? $"{Dim}Thinking...\n" : "Thinking...\n");
            _isThinking = true;
        }

        Write(text);
    }

    internal void Content(string text)
    {
        if (text.Length == 0)
            return;
        EndThinking();
        Write(text);
    }

    /// <summary>Ends the answer with a line break.</summary>
    internal void End()
    {
        EndThinking();
        _writer?.Flush();
        output.Write('\n');
        output.Flush();
    }

    private void EndThinking()
    {
        if (!_isThinking)
            return;
        _isThinking = false;
        _writer?.Flush();
        output.Write(hasColor ? $"\n...done thinking.{Plain}\n\n" : "\n...done thinking.\n\n");
        _writer?.StartLine();
    }

    private void Write(string text)
    {
        HasText = true;
        if (_writer is not null)
        {
            _writer.Write(text);
            return;
        }

        output.Write(text);
        output.Flush();
    }
}

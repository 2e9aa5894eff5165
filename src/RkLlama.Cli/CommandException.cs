using System.Net;

namespace RkLlama.Cli;

/// <summary>A command failed. The message is the reason, for the user.</summary>
internal sealed class CommandException(string message) : Exception(message)
{
    /// <summary>The exit code of the command: 2 for an invalid argument, otherwise 1.</summary>
    internal int ExitCode { get; init; } = 1;

    /// <summary>The status of the node's response; <see langword="null"/> if the node has not refused a request.</summary>
    internal HttpStatusCode? Status { get; init; }

    /// <summary>Whether the node does not answer, or the connection to it was lost. It may be starting again.</summary>
    internal bool IsUnreachable { get; init; }

    /// <summary>Prints an error on stderr and returns the exit code.</summary>
    internal static async Task<int> PrintAsync(string message, int exitCode)
    {
        await WriteAsync(Console.Error, message).ConfigureAwait(false);
        return exitCode;
    }

    /// <summary>Writes an error as one line. The choices that a message lists, each after a line break and two spaces, follow as lines.</summary>
    internal static Task WriteAsync(TextWriter output, string message)
    {
        string[] parts = message.ReplaceLineEndings("\n").Split("\n  ");
        return output.WriteLineAsync("Error: " + string.Join(Environment.NewLine + "  ", parts.Select(static part => part.ReplaceLineEndings(" "))));
    }
}

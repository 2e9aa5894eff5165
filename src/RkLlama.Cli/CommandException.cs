namespace RkLlama.Cli;

/// <summary>A command failed. The message is the reason, for the user.</summary>
internal sealed class CommandException(string message) : Exception(message)
{
    /// <summary>The exit code of the command: 2 for an invalid argument, otherwise 1.</summary>
    internal int ExitCode { get; init; } = 1;

    /// <summary>The error that a server has reported, without the request; <see langword="null"/> if no server has reported one.</summary>
    internal string? ServerError { get; init; }

    /// <summary>Prints an error and returns the exit code.</summary>
    internal static async Task<int> PrintAsync(string message, int exitCode)
    {
        await Console.Error.WriteLineAsync($"rkllama: {message}").ConfigureAwait(false);
        return exitCode;
    }
}

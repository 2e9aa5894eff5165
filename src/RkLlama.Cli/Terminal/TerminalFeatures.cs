namespace RkLlama.Cli.Terminal;

/// <summary>What stdin, stdout and stderr of this process can do.</summary>
internal static class TerminalFeatures
{
    private const int DefaultWidth = 80;
    private const int DefaultHeight = 24;

    /// <summary>Whether a person can type lines and see the answers.</summary>
    internal static bool IsInteractive => !Console.IsInputRedirected && !Console.IsOutputRedirected;

    /// <summary>Whether stdout can show colours.</summary>
    internal static bool HasColor => CanControl(Console.IsOutputRedirected, Environment.GetEnvironmentVariable);

    /// <summary>Whether stderr can show progress bars. If stdout is no terminal, a script may read both.</summary>
    internal static bool HasBars => CanControl(Console.IsOutputRedirected || Console.IsErrorRedirected, Environment.GetEnvironmentVariable);

    /// <summary>Whether output may have control sequences.</summary>
    /// <param name="isRedirected">Whether an output of the process is no terminal.</param>
    /// <param name="variable">Returns the value of an environment variable. <c>NO_COLOR</c> and the terminal <c>dumb</c> switch control sequences off.</param>
    internal static bool CanControl(bool isRedirected, Func<string, string?> variable) => !isRedirected && string.IsNullOrEmpty(variable("NO_COLOR")) && variable("TERM") != "dumb";

    /// <summary>The columns of the terminal. A serial console does not know its size: 80.</summary>
    internal static int Width => Size(static () => Console.WindowWidth, "COLUMNS", DefaultWidth);

    /// <summary>The lines of the terminal. A serial console does not know its size: 24.</summary>
    internal static int Height => Size(static () => Console.WindowHeight, "LINES", DefaultHeight);

    private static int Size(Func<int> measure, string variable, int fallback)
    {
        try
        {
            if (measure() is > 0 and var size)
                return size;
        }
        catch (Exception ex) when (ex is IOException or InvalidOperationException or PlatformNotSupportedException)
        {
            // Not a terminal.
        }

        return int.TryParse(Environment.GetEnvironmentVariable(variable), out int given) && given > 0 ? given : fallback;
    }
}

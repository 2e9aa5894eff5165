using System.Runtime.InteropServices;

namespace RkLlama.Cli.Terminal;

/// <summary>A pipe without a reader, for example after <c>rkllama list | head -1</c> has printed its line.</summary>
internal static partial class BrokenPipe
{
    // The number is that of Linux on x64 and arm64. SIG_DFL is 0.
    private const int SIGPIPE = 13;

    /// <summary>
    /// Lets the next write to such a pipe end this process, as other programs do. .NET ignores the signal, so an answer that nobody reads would keep the NPU busy
    /// until its end. Sockets do not raise the signal.
    /// </summary>
    internal static void EndsProcess() => signal(SIGPIPE, 0);

    [LibraryImport("libc.so.6")]
    private static partial nint signal(int number, nint handler);
}

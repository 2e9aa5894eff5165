using System.Runtime.InteropServices;

namespace RkLlama.Cli.Terminal;

/// <summary>A pipe without a reader, for example after <c>rkllama list | head -1</c> has printed its line.</summary>
internal static partial class BrokenPipe
{
    // The number is that of Linux on x64 and arm64. SIG_DFL is 0.
    private const int SIGPIPE = 13;

    /// <summary>
    /// Restores the default action of SIGPIPE: the next write to such a pipe ends this process. By default .NET ignores the signal. A command would then continue,
    /// and its answer would keep the NPU busy until the end. Sockets do not raise the signal.
    /// </summary>
    internal static void EndsProcess() => signal(SIGPIPE, 0);

    [LibraryImport("libc.so.6")]
    private static partial nint signal(int number, nint handler);
}

using System.Runtime.ExceptionServices;

namespace RkLlama.Prompts.Tests.Support;

/// <summary>
/// Runs code on a thread with 512 KiB of stack: a third of the smallest thread stack of the server (1.5 MB). Code that recurses too deeply
/// crashes the test process.
/// </summary>
internal static class SmallStack
{
    private const int Bytes = 512 * 1024;

    /// <summary>Runs an action and rethrows its exception.</summary>
    public static void Run(Action action)
    {
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(
            () =>
            {
                try
                {
                    action();
                }
                catch (Exception ex)
                {
                    failure = ExceptionDispatchInfo.Capture(ex);
                }
            },
            Bytes);
        thread.Start();
        thread.Join();
        failure?.Throw();
    }
}

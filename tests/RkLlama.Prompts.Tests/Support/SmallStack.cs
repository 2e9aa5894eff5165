using System.Runtime.ExceptionServices;

namespace RkLlama.Prompts.Tests.Support;

/// <summary>
/// Runs code on a thread with a third of the smallest stack that a thread of the server has (1.5 MB). Code that recurses too deeply ends the
/// test process there.
/// </summary>
internal static class SmallStack
{
    private const int Bytes = 512 * 1024;

    /// <summary>Runs an action and throws what it throws.</summary>
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

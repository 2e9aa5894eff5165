using System.Runtime.ExceptionServices;

namespace RkLlama.Output.Tests.Support;

/// <summary>Runs code on a thread with a stack of 512 KiB, a third of the default. The limits must not depend on the stack size.</summary>
internal static class SmallStack
{
    private const int StackBytes = 512 << 10;

    internal static T Run<T>(Func<T> function)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                result = function();
            }
            catch (Exception ex)
            {
                failure = ExceptionDispatchInfo.Capture(ex);
            }
        }, StackBytes);
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}

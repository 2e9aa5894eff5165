using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Pulls;

/// <summary>The transfers of shared files to other nodes: limits their number, and ends them when the server stops. Thread-safe.</summary>
internal sealed class FileTransfers(IHostApplicationLifetime lifetime)
{
    /// <summary>The maximum number of transfers at the same time. A node uses several for one model.</summary>
    internal const int MaxTransfers = 64;

    private int _count;

    /// <summary>The number of active transfers.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Runs a transfer. Aborts its connection when the server has drained: the other node continues with another request later.</summary>
    /// <exception cref="ApiException">Status 503: there are too many transfers.</exception>
    internal async Task RunAsync(HttpContext context, Func<Task> transfer)
    {
        if (Interlocked.Increment(ref _count) > MaxTransfers)
        {
            Interlocked.Decrement(ref _count);
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, new("The server sends too many files at the moment.")) { RetryAfterSeconds = 5 };
        }

        try
        {
            using CancellationTokenRegistration stopping = lifetime.ApplicationStopping.Register(context.Abort);
            await transfer().ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _count);
        }
    }
}

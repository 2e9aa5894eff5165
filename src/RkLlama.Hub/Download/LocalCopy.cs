using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Download;

/// <summary>Copies a file of this machine, on its own thread with the lowest priority.</summary>
internal static class LocalCopy
{
    private const int BufferBytes = 1 << 20;

    // After this many new bytes the copy is synced. Otherwise the last sync would take as long as the copy.
    private const long SyncBytes = 64 << 20;

    /// <summary>Copies a file. After success the copy is complete and on the disk.</summary>
    /// <param name="target">The path of the copy. A file with this path is replaced.</param>
    /// <param name="report">Called with the number of copied bytes. Must not throw.</param>
    /// <exception cref="HubException">The source cannot be read, or changed during the copy.</exception>
    /// <exception cref="IOException">The copy cannot be written, or the disk is full.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. The copy is incomplete.</exception>
    internal static Task RunAsync(LocalFile source, string target, RateLimit rate, Action<long> report, CancellationToken cancellationToken) => Task.Factory.StartNew(
        () =>
        {
            IdlePriority.Apply();
            Copy(source, target, rate, report, cancellationToken);
        },
        cancellationToken, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    private static void Copy(LocalFile source, string target, RateLimit rate, Action<long> report, CancellationToken cancellationToken)
    {
        using FileStream from = Open(source);
        using FileStream to = new(target, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        byte[] buffer = new byte[BufferBytes];
        long copied = 0, sinceSync = 0;
        report(0);
        while (Read(from, buffer, source) is var count and > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            rate.WaitAsync(count, cancellationToken).GetAwaiter().GetResult();
            to.Write(buffer, 0, count);
            copied += count;
            sinceSync += count;
            if (sinceSync >= SyncBytes)
            {
                to.Flush(flushToDisk: true);
                sinceSync = 0;
            }

            report(copied);
        }

        to.Flush(flushToDisk: true);
        if (copied != source.File.Size)
            throw new HubException(HubError.Changed, $"{source.FullPath} changed during the copy");
    }

    private static FileStream Open(LocalFile source)
    {
        try
        {
            return new(source.FullPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(source, ex);
        }
    }

    private static int Read(FileStream file, byte[] buffer, LocalFile source)
    {
        try
        {
            return file.Read(buffer);
        }
        catch (IOException ex)
        {
            throw Unreadable(source, ex);
        }
    }

    private static HubException Unreadable(LocalFile source, Exception cause) =>
        new(HubError.Corrupt, $"{source.FullPath} cannot be read: {cause.Message.TrimEnd('.')}", cause);
}

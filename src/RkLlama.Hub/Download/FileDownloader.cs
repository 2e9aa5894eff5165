using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Download;

/// <summary>Settings of downloads.</summary>
internal sealed record DownloadOptions
{
    /// <summary>The number of connections for one file.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>The length of the parts in bytes that connections fetch. A file of one part, or a download with one connection, uses one request.</summary>
    public long PartBytes { get; init; } = 64 << 20;

    /// <summary>The bound on the rate of all downloads together in bytes per second; 0 for none.</summary>
    public long BytesPerSecond { get; init; }
}

/// <summary>Downloads a file: several parts at a time, with retries after broken and silent connections. Continues an earlier download. Thread-safe.</summary>
internal sealed class FileDownloader(HubConnection connection, HubOptions hubOptions, DownloadOptions options, RateLimit rate, TimeProvider clock)
{
    /// <summary>Downloads a file.</summary>
    /// <param name="source">The file on the hub.</param>
    /// <param name="commit">The commit of its repository.</param>
    /// <param name="path">The path of the unfinished file. After success it is complete, checked and on the disk, and its journal is beside it.</param>
    /// <param name="report">Called with the number of bytes on the disk; does not decrease, unless a part of the content has to be fetched again. Must not throw.</param>
    /// <param name="note">Called with sentences without a period about tries. Must not throw.</param>
    /// <exception cref="HubException">The download failed. What is on the disk is kept, unless the content is wrong.</exception>
    internal async Task DownloadAsync(HubFileSource source, string commit, string path, Action<long> report, Action<string> note, CancellationToken cancellationToken)
    {
        int connections = options.Connections;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await using PartialFile partial = PartialFile.Open(path, source.File, commit, report);
                if (partial.IsReplaced)
                    note($"{source.File.Path} changed on the hub since the last download and starts anew");
                report(partial.WrittenBytes);
                await FetchAsync(source, partial, connections, note, cancellationToken).ConfigureAwait(false);
                await partial.CompleteAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (RangesIgnoredException)
            {
                if (attempt > hubOptions.Tries)
                    throw new HubException(HubError.Unreachable, $"the host of {source.File.Path} sends whole files only, and the connection broke {attempt} times");
                note($"the host of {source.File.Path} sends whole files only, so the download starts at the beginning");
                PartialFile.Delete(path);
                connections = 1;
            }
            catch (HubException)
            {
                // No byte has arrived, for example because the repository is gated.
                if (!PartialFile.HasBytes(path))
                    PartialFile.Delete(path);
                throw;
            }
        }
    }

    private async Task FetchAsync(HubFileSource source, PartialFile partial, int connections, Action<string> note, CancellationToken cancellationToken)
    {
        long partBytes = connections == 1 ? long.MaxValue / 2 : options.PartBytes;
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // One connection for each part that is left, at most.
        int count = (int)Math.Clamp((source.File.Size - partial.WrittenBytes + partBytes - 1) / partBytes, 1, connections);
        Task[] workers = [.. Enumerable.Range(0, count).Select(_ => WorkAsync())];
        try
        {
            await Task.WhenAll(workers).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The first failure that is not a consequence of another one.
            foreach (Exception error in workers.Where(static task => task.IsFaulted).SelectMany(static task => task.Exception!.InnerExceptions))
            {
                if (error is RangesIgnoredException or HubException)
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
            }

            throw;
        }

        async Task WorkAsync()
        {
            try
            {
                await FetchPartsAsync(source, partial, partBytes, note, stop.Token).ConfigureAwait(false);
            }
            catch
            {
                await stop.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    private async Task FetchPartsAsync(HubFileSource source, PartialFile partial, long partBytes, Action<string> note, CancellationToken cancellationToken)
    {
        int failures = 0;
        while (partial.Take(partBytes) is var (from, to))
        {
            long position = from;
            try
            {
                await FetchPartAsync(source, partial, from, to, got => position = got, cancellationToken).ConfigureAwait(false);
                failures = 0;
            }
            catch (HubException ex) when (ex.IsTransient)
            {
                // If the connection has delivered bytes, the number of failures starts again.
                failures = position > from ? 1 : failures + 1;
                partial.Return(position, to);
                if (failures >= hubOptions.Tries)
                    throw;
                await connection.DelayAsync(failures, ex, note, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task FetchPartAsync(HubFileSource source, PartialFile partial, long from, long to, Action<long> advance, CancellationToken cancellationToken)
    {
        HubFile file = source.File;
        bool isWhole = from == 0 && to == file.Size;
        using HubResponse response = await source.OpenAsync(isWhole ? null : (from, to - 1), cancellationToken).ConfigureAwait(false);
        CheckRange(response, file, from, to);
        using Stream body = await response.OpenAsync(hubOptions.StallTimeout, clock, cancellationToken).ConfigureAwait(false);
        for (long position = from; position < to;)
        {
            byte[] buffer = FileChunk.Rent();
            int length = 0, wanted = (int)Math.Min(buffer.Length, to - position);
            HubException? broken = null;
            try
            {
                while (length < wanted && broken is null)
                {
                    int count = await body.ReadAsync(buffer.AsMemory(length, wanted - length), cancellationToken).ConfigureAwait(false);
                    if (count == 0)
                        broken = new HubException(HubError.Unreachable, $"{response.Address.Host} ended {file.Path} before its end");
                    length += count;
                }
            }
            catch (HubException ex)
            {
                // What has come is kept.
                broken = ex;
            }

            await rate.WaitAsync(length, cancellationToken).ConfigureAwait(false);
            if (length > 0)
                await partial.WriteAsync(new(position, buffer, length), cancellationToken).ConfigureAwait(false);
            position += length;
            advance(position);
            if (broken is not null)
                throw broken;
        }

        if (!response.IsPartial && response.Length is null && await body.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) > 0)
            throw new HubException(HubError.Changed, $"{file.Path} has more bytes than the hub promises");
    }

    /// <summary>Checks that the answer is the part that was asked for.</summary>
    private static void CheckRange(HubResponse response, HubFile file, long from, long to)
    {
        if (!response.IsPartial)
        {
            if (response.MediaType == "text/html")
                throw new HubException(HubError.InvalidAnswer, $"{response.Address.Host} answers with a page in place of {file.Path}");
            if (response.Length is { } whole && whole != file.Size)
                throw new HubException(HubError.Changed, $"{file.Path} has {whole} bytes, the hub promises {file.Size}");

            if (from != 0 || to != file.Size)
                throw new RangesIgnoredException();
            return;
        }

        if (response.Range is { HasLength: true, Length: { } total } && total != file.Size)
            throw new HubException(HubError.Changed, $"{file.Path} has {total} bytes, the hub promises {file.Size}");
        if (response.Range is { HasRange: true } range && range.From != from)
            throw new HubException(HubError.Unreachable, $"{response.Address.Host} sends another part of {file.Path} than asked for");
    }

    /// <summary>The host answers a request for a part with the whole file.</summary>
    private sealed class RangesIgnoredException : Exception;
}

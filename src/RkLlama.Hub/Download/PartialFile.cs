using System.Buffers;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Download;

/// <summary>
/// An unfinished file and its journal. Several connections write parts of it; one thread writes them to the disk, in idle priority, and hashes the content in
/// order. After a crash of the server the file continues with what the journal has; after a loss of power with what was synced. Thread-safe.
/// </summary>
internal sealed class PartialFile : IAsyncDisposable
{
    /// <summary>The size of the buffers in bytes.</summary>
    internal const int BufferBytes = 256 * 1024;

    // After this many new bytes the journal is written, so a crash loses at most this many.
    private const long JournalBytes = 4 << 20;

    // After this many new bytes the file is synced. Otherwise the last sync would take as long as the download.
    private const long SyncBytes = 64 << 20;
    private const int QueuedBuffers = 4;

    private readonly HubFile _file;
    private readonly string _commit;
    private readonly string _journalPath;
    private readonly SafeFileHandle _handle;
    private readonly Action<long> _report;
    private readonly Channel<Chunk> _chunks = Channel.CreateBounded<Chunk>(
        new BoundedChannelOptions(QueuedBuffers) { SingleReader = true, SingleWriter = false, AllowSynchronousContinuations = false, FullMode = BoundedChannelFullMode.Wait });

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();

    // What is on the disk. Guarded by _lock.
    private readonly ByteRanges _written;

    // What is on the disk or is being fetched. Guarded by _lock.
    private readonly ByteRanges _taken;

    // Owned by the writer thread.
    private readonly ContentHash? _hash;
    private ByteRanges _synced;
    private long _hashed;
    private long _sinceJournal;
    private long _sinceSync;

    private PartialFile(string path, HubFile file, string commit, SafeFileHandle handle, ByteRanges written, Action<long> report)
    {
        (_file, _commit, _handle, _written, _report, _journalPath) = (file, commit, handle, written, report, JournalPath(path));
        _synced = new(written);
        _taken = new(written);
        _hash = ContentHash.Start(file);
        new Thread(WriteAll) { IsBackground = true, Name = "download" }.Start();
    }

    /// <summary>Whether another version of the file was there and was deleted.</summary>
    internal bool IsReplaced { get; private init; }

    /// <summary>The number of bytes on the disk.</summary>
    internal long WrittenBytes
    {
        get
        {
            lock (_lock)
                return _written.Count;
        }
    }

    /// <summary>Returns the path of the journal of a file.</summary>
    internal static string JournalPath(string path) => path + ".json";

    /// <summary>Returns how many bytes of a file an earlier download left; 0 if its version is another one.</summary>
    internal static long KeptBytes(string path, HubFile file, string commit) =>
        File.Exists(path) && DownloadJournal.TryRead(JournalPath(path)) is { } journal && journal.IsOf(file, commit) ? journal.Valid().Count : 0;

    /// <summary>Opens a file to continue it, or creates it.</summary>
    /// <param name="path">The path of the unfinished file.</param>
    /// <param name="file">The file on the hub.</param>
    /// <param name="commit">The commit of its repository.</param>
    /// <param name="report">Called by the writer thread with the number of bytes on the disk. Must not throw.</param>
    /// <exception cref="HubException">The file cannot be created, or the disk is full.</exception>
    internal static PartialFile Open(string path, HubFile file, string commit, Action<long> report)
    {
        DownloadJournal? journal = DownloadJournal.TryRead(JournalPath(path));
        bool continues = journal is not null && journal.IsOf(file, commit) && File.Exists(path);
        try
        {
            if (!continues)
                Delete(path);
            SafeFileHandle handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            ByteRanges written = continues ? journal!.Valid() : new();
            written.Remove(RandomAccess.GetLength(handle), long.MaxValue);
            return new(path, file, commit, handle, written, report) { IsReplaced = journal is not null && !continues };
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw Translate(ex, path);
        }
    }

    /// <summary>Makes a journal for a file that is there as a whole, so that it is checked and not downloaded again.</summary>
    internal static void Adopt(string path, HubFile file, string commit)
    {
        ByteRanges whole = new();
        whole.Add(0, file.Size);
        DownloadJournal.Of(file, commit, whole, whole).Write(JournalPath(path), sync: false);
    }

    /// <summary>Deletes an unfinished file and its journal.</summary>
    internal static void Delete(string path)
    {
        File.Delete(path);
        File.Delete(JournalPath(path));
    }

    /// <summary>Takes a part of the file that is missing and that no other connection fetches.</summary>
    /// <param name="maxBytes">The maximum length of the part.</param>
    /// <returns>The first byte and the byte after the last one; <see langword="null"/> if there is nothing left to fetch.</returns>
    internal (long From, long To)? Take(long maxBytes)
    {
        lock (_lock)
        {
            if (_taken.FirstGap(0, _file.Size) is not var (from, to))
                return null;
            to = Math.Min(to, from + maxBytes);
            _taken.Add(from, to);
            return (from, to);
        }
    }

    /// <summary>Gives back what was taken but not fetched.</summary>
    internal void Return(long from, long to)
    {
        lock (_lock)
            _taken.Remove(from, to);
    }

    /// <summary>Queues bytes for the disk.</summary>
    /// <param name="buffer">A buffer from <see cref="ArrayPool{T}.Shared"/>. It belongs to the file from now on.</param>
    /// <exception cref="HubException">The disk is full, or the file cannot be written.</exception>
    internal async ValueTask WriteAsync(long offset, byte[] buffer, int length, CancellationToken cancellationToken)
    {
        try
        {
            await _chunks.Writer.WriteAsync(new(offset, buffer, length), cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            await _ended.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Waits until all bytes are on the disk, and checks the hash. Deletes the file if the hash is wrong.</summary>
    /// <exception cref="HubException">The content is not what the hub promises, or the disk is full.</exception>
    internal async Task CompleteAsync()
    {
        _chunks.Writer.TryComplete();
        await _ended.Task.ConfigureAwait(false);
        if (_hash is null || _hash.Finish() is var actual && actual == _hash.Expected)
            return;
        _handle.Dispose();
        Delete(_journalPath[..^".json".Length]);
        throw new HubException(HubError.Corrupt, $"the content of {_file.Path} is not what the hub promises ({_hash.Name} {_hash.Expected}, downloaded {actual}) and was deleted. If this "
            + "happens again, check the memory and the disk of this machine, and proxies on the way");
    }

    /// <summary>Stops writing. The journal has what is on the disk.</summary>
    public async ValueTask DisposeAsync()
    {
        _chunks.Writer.TryComplete();
        try
        {
            await _ended.Task.ConfigureAwait(false);
        }
        catch (HubException)
        {
            // WriteAsync or CompleteAsync has thrown this exception to the download.
        }

        _hash?.Dispose();
        _handle.Dispose();
    }

    private void WriteAll()
    {
        IdlePriority.Apply();
        try
        {
            AdvanceHash(default);
            while (_chunks.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                while (_chunks.Reader.TryRead(out Chunk chunk))
                {
                    Write(chunk);
                    ArrayPool<byte>.Shared.Return(chunk.Buffer);
                }
            }

            Sync();
            _ended.SetResult();
        }
        catch (Exception ex)
        {
            // Readers fail at their next write. What is on the disk stays for the next try.
            Exception error = ex is IOException or UnauthorizedAccessException ? Translate(ex, _journalPath) : ex;
            _chunks.Writer.TryComplete();
            TryWriteJournal();
            _ended.SetException(error);
        }
    }

    private void Write(Chunk chunk)
    {
        RandomAccess.Write(_handle, chunk.Buffer.AsSpan(0, chunk.Length), chunk.Offset);
        long count;
        lock (_lock)
        {
            _written.Add(chunk.Offset, chunk.Offset + chunk.Length);
            count = _written.Count;
        }

        AdvanceHash(chunk);
        _sinceJournal += chunk.Length;
        _sinceSync += chunk.Length;
        if (_sinceSync >= SyncBytes)
            Sync();
        else if (_sinceJournal >= JournalBytes)
            WriteJournal(sync: false);
        _report(count);
    }

    /// <summary>Hashes what follows in order: from the buffer if possible, otherwise from the file.</summary>
    private void AdvanceHash(Chunk chunk)
    {
        if (_hash is null)
            return;
        long end;
        lock (_lock)
            end = _written.PrefixLength;
        if (chunk.Buffer is not null && _hashed == chunk.Offset)
        {
            _hash.Append(chunk.Buffer.AsSpan(0, chunk.Length));
            _hashed += chunk.Length;
        }

        if (_hashed >= end)
            return;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        while (_hashed < end)
        {
            int count = RandomAccess.Read(_handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - _hashed)), _hashed);
            if (count == 0)
                throw new IOException("the file became shorter during the download");
            _hash.Append(buffer.AsSpan(0, count));
            _hashed += count;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void Sync()
    {
        RandomAccess.FlushToDisk(_handle);
        lock (_lock)
            _synced = new(_written);
        _sinceSync = 0;
        WriteJournal(sync: true);
    }

    private void WriteJournal(bool sync)
    {
        _sinceJournal = 0;
        DownloadJournal journal;
        lock (_lock)
            journal = DownloadJournal.Of(_file, _commit, _written, _synced);
        journal.Write(_journalPath, sync);
    }

    private void TryWriteJournal()
    {
        try
        {
            WriteJournal(sync: false);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // Then the journal before this one counts.
        }
    }

    private static HubException Translate(Exception exception, string path)
    {
        // ENOSPC and EDQUOT.
        bool isFull = exception.HResult is 28 or 122 || exception.Message.Contains("No space left", StringComparison.Ordinal) || exception.Message.Contains("not enough space", StringComparison.OrdinalIgnoreCase);
        return isFull
            ? new(HubError.NoSpace, $"the disk of {Path.GetDirectoryName(path)} is full; what was downloaded is kept, so free some space and try again", exception)
            : new(HubError.NotWritable, $"{path} cannot be written: {exception.Message.TrimEnd('.')}", exception);
    }

    private readonly record struct Chunk(long Offset, byte[] Buffer, int Length);
}

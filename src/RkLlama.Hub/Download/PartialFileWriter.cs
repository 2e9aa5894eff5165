using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Download;

/// <summary>
/// Writes an unfinished file and its journal, on its own thread in idle priority, and passes what it has written to the hash. Thread-safe.
/// </summary>
internal sealed class PartialFileWriter
{
    // After this many new bytes the journal is written, so a crash loses at most this many.
    private const long JournalBytes = 4 << 20;

    // After this many new bytes the file is synced. Otherwise the last sync would take as long as the download.
    private const long SyncBytes = 64 << 20;

    // Connections wait if the disk is behind by this many buffers.
    private const int QueuedBuffers = 4;

    private readonly HubFile _file;
    private readonly string _commit;
    private readonly string _journalPath;
    private readonly SafeFileHandle _handle;
    private readonly FileParts _parts;
    private readonly BackgroundHash? _hash;
    private readonly Action<long> _report;
    private readonly Channel<FileChunk> _chunks = Channel.CreateBounded<FileChunk>(
        new BoundedChannelOptions(QueuedBuffers) { SingleReader = true, SingleWriter = false, AllowSynchronousContinuations = false, FullMode = BoundedChannelFullMode.Wait });

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Owned by the thread.
    private ByteRanges _synced;
    private long _sinceJournal;
    private long _sinceSync;

    /// <param name="file">The file on the hub.</param>
    /// <param name="commit">The commit of its repository.</param>
    /// <param name="journalPath">The path of the journal.</param>
    /// <param name="handle">The open file. It stays open until <see cref="EndAsync"/> has returned.</param>
    /// <param name="parts">Which bytes are on the disk. Those that are there now have been synced, or are as good as that.</param>
    /// <param name="hash">The hash; <see langword="null"/> for none.</param>
    /// <param name="report">Called by the thread with the number of bytes on the disk. Must not throw.</param>
    internal PartialFileWriter(HubFile file, string commit, string journalPath, SafeFileHandle handle, FileParts parts, BackgroundHash? hash, Action<long> report)
    {
        (_file, _commit, _journalPath, _handle, _parts, _hash, _report) = (file, commit, journalPath, handle, parts, hash, report);
        _synced = parts.CopyWritten();
        new Thread(WriteAll) { IsBackground = true, Name = "download" }.Start();
    }

    /// <summary>Queues bytes for the disk. Waits if the disk is behind.</summary>
    /// <param name="chunk">The bytes. They belong to this object from now on.</param>
    /// <exception cref="HubException">The disk is full, or the file cannot be written.</exception>
    internal async ValueTask WriteAsync(FileChunk chunk, CancellationToken cancellationToken)
    {
        try
        {
            await _chunks.Writer.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            await _ended.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Waits until everything that was queued is on the disk, and the journal too. Then the thread ends. May be called again.</summary>
    /// <exception cref="HubException">The disk is full, or the file cannot be written.</exception>
    internal Task EndAsync()
    {
        _chunks.Writer.TryComplete();
        return _ended.Task;
    }

    private void WriteAll()
    {
        IdlePriority.Apply();
        try
        {
            while (_chunks.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                while (_chunks.Reader.TryRead(out FileChunk chunk))
                    Write(chunk);
            }

            Sync();
            _ended.SetResult();
        }
        catch (Exception ex)
        {
            // Connections fail at their next write. What is on the disk stays for the next try.
            _chunks.Writer.TryComplete();
            TryWriteJournal();
            _ended.SetException(DiskErrors.IsDiskError(ex) ? DiskErrors.Translate(ex, _journalPath) : ex);
        }
    }

    private void Write(FileChunk chunk)
    {
        RandomAccess.Write(_handle, chunk.Content, chunk.Offset);
        int length = chunk.Length;
        long count = _parts.AddWritten(chunk.Offset, chunk.End);
        if (_hash is null)
            chunk.Release();
        else
            _hash.Add(chunk);

        _sinceJournal += length;
        _sinceSync += length;
        if (_sinceSync >= SyncBytes)
            Sync();
        else if (_sinceJournal >= JournalBytes)
            WriteJournal(sync: false);
        _report(count);
    }

    private void Sync()
    {
        RandomAccess.FlushToDisk(_handle);
        _synced = _parts.CopyWritten();
        _sinceSync = 0;
        WriteJournal(sync: true);
    }

    private void WriteJournal(bool sync)
    {
        _sinceJournal = 0;
        DownloadJournal.Of(_file, _commit, _parts.CopyWritten(), _synced).Write(_journalPath, sync);
    }

    private void TryWriteJournal()
    {
        try
        {
            WriteJournal(sync: false);
        }
        catch (Exception)
        {
            // The next download then uses the previous journal. An exception on this thread would end the server.
        }
    }
}

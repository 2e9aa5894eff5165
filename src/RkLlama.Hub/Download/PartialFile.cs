using Microsoft.Win32.SafeHandles;
using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Download;

/// <summary>
/// An unfinished file and its journal. Several connections fetch parts of it; one thread writes them to the disk, and another one hashes the content in order, so
/// that receiving, writing and hashing overlap. After a crash of the server, the download continues with the bytes of the journal; after a loss of power, with the bytes that were
/// synced. Thread-safe.
/// </summary>
internal sealed class PartialFile : IAsyncDisposable
{
    private readonly HubFile _file;
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly FileParts _parts;
    private readonly PartialFileWriter _writer;

    // What the hub promises. Null if it promises no hash; then there is no thread that hashes.
    private readonly ContentHash? _promise;
    private readonly BackgroundHash? _hash;

    private PartialFile(string path, HubFile file, string commit, SafeFileHandle handle, ByteRanges written, Action<long> report)
    {
        (_path, _file, _handle, _parts) = (path, file, handle, new(file.Size, written));
        _promise = ContentHash.Start(file);
        _hash = _promise is null ? null : new(_promise, handle, _parts);
        _writer = new(file, commit, JournalPath(path), handle, _parts, _hash, report);
    }

    /// <summary>Whether another version of the file was there and was deleted.</summary>
    internal bool IsReplaced { get; private init; }

    /// <summary>The number of bytes on the disk.</summary>
    internal long WrittenBytes => _parts.WrittenBytes;

    /// <summary>Returns the path of the journal of a file.</summary>
    internal static string JournalPath(string path) => path + ".json";

    /// <summary>Returns how many bytes of a file an earlier download left; 0 if its version is another one.</summary>
    internal static long KeptBytes(string path, HubFile file, string commit) =>
        File.Exists(path) && DownloadJournal.TryRead(JournalPath(path)) is { } journal && journal.IsOf(file, commit) ? journal.Valid().Count : 0;

    /// <summary>Whether an unfinished file, which no download uses, has bytes that the next one keeps.</summary>
    internal static bool HasBytes(string path) => DownloadJournal.TryRead(JournalPath(path)) is { } journal && journal.Valid().Count > 0;

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
        catch (Exception ex) when (DiskErrors.IsDiskError(ex))
        {
            throw DiskErrors.Translate(ex, path);
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

    /// <inheritdoc cref="FileParts.Take"/>
    internal (long From, long To)? Take(long maxBytes) => _parts.Take(maxBytes);

    /// <inheritdoc cref="FileParts.Return"/>
    internal void Return(long from, long to) => _parts.Return(from, to);

    /// <inheritdoc cref="PartialFileWriter.WriteAsync"/>
    internal ValueTask WriteAsync(FileChunk chunk, CancellationToken cancellationToken) => _writer.WriteAsync(chunk, cancellationToken);

    /// <summary>Waits until all bytes are on the disk, and checks the hash. Deletes the file if the hash is wrong. Called when everything has been fetched.</summary>
    /// <exception cref="HubException">The content is not what the hub promises, or the disk is full.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. The file is kept.</exception>
    internal async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await _writer.EndAsync().ConfigureAwait(false);
        if (_hash is null)
            return;
        string actual = await HashAsync(_hash, cancellationToken).ConfigureAwait(false);
        if (actual == _promise!.Expected)
            return;
        Delete(_path);
        throw new HubException(HubError.Corrupt, $"the content of {_file.Path} is not what the hub promises ({_promise.Name} {_promise.Expected}, downloaded {actual}) and was deleted. If "
            + "this happens again, check the memory and the disk of this machine, and proxies on the way");
    }

    /// <summary>Stops writing and hashing. The journal has what is on the disk.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _writer.EndAsync().ConfigureAwait(false);
        }
        catch (HubException)
        {
            // WriteAsync or CompleteAsync has thrown this exception to the download.
        }

        _hash?.Dispose();
        _handle.Dispose();
    }

    private async Task<string> HashAsync(BackgroundHash hash, CancellationToken cancellationToken)
    {
        try
        {
            return await hash.FinishAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception ex) when (DiskErrors.IsDiskError(ex))
        {
            throw DiskErrors.Translate(ex, _path);
        }
    }
}

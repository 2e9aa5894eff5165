using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using RkLlama.Hub;
using RkLlama.Hub.Download;
using RkLlama.Prompts.Files;

namespace RkLlama.Server.Pulls;

/// <summary>
/// The SHA-256 of files. Each is computed once in the background, by one thread with the lowest priority, and again only if the file has changed. Thread-safe.
/// </summary>
internal sealed class FileHashes : IDisposable
{
    // If there are more entries, most of them belong to files that no longer exist.
    private const int MaxEntries = 4096;
    private const int BufferBytes = 1 << 20;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly BlockingCollection<(string Path, FileStatus Status)> _queue = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private bool _isStarted;

    /// <summary>Returns the hash of a file, and starts to compute it if it is not known.</summary>
    /// <param name="status">The current status of the file.</param>
    /// <returns>
    /// 64 lower-case hexadecimal digits; <see langword="null"/> if the hash is not known yet, or if it cannot be computed because the file cannot be read or the
    /// machine has no OpenSSL. <c>IsComing</c> distinguishes these cases.
    /// </returns>
    internal (string? Sha256, bool IsComing) Find(string path, FileStatus status)
    {
        if (_entries.TryGetValue(path, out Entry? known) && known.Status == status)
            return (known.Sha256, !known.IsDone);
        if (!TlsLibrary.IsInstalled)
            return (null, false);
        lock (_lock)
        {
            if (_entries.TryGetValue(path, out known) && known.Status == status)
                return (known.Sha256, !known.IsDone);
            if (_entries.Count >= MaxEntries)
                _entries.Clear();
            _entries[path] = new(status, null, IsDone: false);
            _queue.Add((path, status));
            if (!_isStarted)
                new Thread(ComputeAll) { IsBackground = true, Name = "file hashes" }.Start();
            _isStarted = true;
        }

        return (null, true);
    }

    /// <summary>Keeps a hash that is known from a download.</summary>
    internal void Remember(string path, string sha256)
    {
        if (FileStatus.Of(path) is { } status)
            _entries[path] = new(status, sha256, IsDone: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        _queue.CompleteAdding();
    }

    private void ComputeAll()
    {
        IdlePriority.Apply();
        try
        {
            foreach ((string path, FileStatus status) in _queue.GetConsumingEnumerable(_stop.Token))
                _entries[path] = new(status, Compute(path, status), IsDone: true);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private string? Compute(string path, FileStatus status)
    {
        try
        {
            using SafeFileHandle file = RegularFile.OpenHandle(path);
            using ContentHash hash = ContentHash.StartSha256();
            byte[] buffer = new byte[BufferBytes];
            for (long offset = 0; RandomAccess.Read(file, buffer, offset) is var count and > 0; offset += count)
            {
                _stop.Token.ThrowIfCancellationRequested();
                hash.Append(buffer.AsSpan(0, count));
            }

            // If the file has changed meanwhile, the hash belongs to no version of it.
            return FileStatus.Of(file) == status ? hash.Finish() : null;
        }
        catch (Exception ex) when (ex is not OperationCanceledException)
        {
            // Any error, also a lack of memory, costs this hash only. An exception on this thread would end the server.
            return null;
        }
    }

    private sealed record Entry(FileStatus Status, string? Sha256, bool IsDone);
}

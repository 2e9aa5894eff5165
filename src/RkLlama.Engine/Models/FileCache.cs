using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models;

/// <summary>
/// What was read from files or directories, by path. Something is read again if the status of the file has changed. A value that was read within 2 s after a
/// change of the file is not kept, because the next change may get the same time. Thread-safe.
/// </summary>
/// <param name="read">Reads the value from the file with this path.</param>
/// <param name="time">The clock with which the files get their times.</param>
internal sealed class FileCache<T>(Func<string, T> read, TimeProvider time)
{
    private const long SettleNs = 2_000_000_000;

    // A cache may have this many outdated entries before they are removed.
    private const int Slack = 256;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _reads;

    /// <summary>How often a file was read.</summary>
    internal long Reads => Interlocked.Read(ref _reads);

    /// <summary>Returns the value for a file, from the cache if the file has not changed.</summary>
    /// <param name="status">The current status of the file.</param>
    /// <exception cref="Exception">What the reader throws. A <see cref="ModelfileException"/> is also kept; other errors may pass.</exception>
    internal T Read(string path, FileStatus status)
    {
        if (!_entries.TryGetValue(path, out Entry? entry) || entry.Status != status)
        {
            entry = ReadFile(path, status);
            if (((time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick) - status.Changed > SettleNs)
                _entries[path] = entry;
        }

        entry.Failure?.Throw();
        return entry.Value!;
    }

    /// <summary>Whether the cache has so many entries that outdated ones should be removed.</summary>
    /// <param name="current">The number of files that exist.</param>
    internal bool IsLargerThan(int current) => _entries.Count > current + Slack;

    /// <summary>Removes the entries of files that do not exist any more, if there are many.</summary>
    /// <param name="current">The number of files that exist.</param>
    /// <param name="exists">Whether the file with this path exists.</param>
    internal void KeepOnly(int current, Func<string, bool> exists)
    {
        if (!IsLargerThan(current))
            return;
        foreach (string path in _entries.Keys.Where(path => !exists(path)))
            _entries.TryRemove(path, out _);
    }

    private Entry ReadFile(string path, FileStatus status)
    {
        Interlocked.Increment(ref _reads);
        try
        {
            return new(status, read(path), null);
        }
        catch (ModelfileException ex)
        {
            return new(status, default, ExceptionDispatchInfo.Capture(ex));
        }
    }

    private sealed record Entry(FileStatus Status, T? Value, ExceptionDispatchInfo? Failure);
}

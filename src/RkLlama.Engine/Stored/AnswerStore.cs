using System.Threading.Channels;
using RkLlama.Engine.Configuration;

namespace RkLlama.Engine.Stored;

/// <summary>
/// The answers that clients can ask for after their connection has ended: an index in memory, and a file for each entry. A change is visible at once; one task,
/// <see cref="RunAsync"/>, writes it to the disk. The store is bounded in bytes and in age: the oldest entries are deleted first. Thread-safe.
/// </summary>
internal sealed partial class AnswerStore
{
    // Content that waits to be written. If the disk is too slow or full, further answers are not stored.
    private const long MaxPendingBytes = 16 << 20;

    private static readonly TimeSpan PruneInterval = TimeSpan.FromMinutes(10);

    private readonly long _maxBytes;
    private readonly long _maxAgeSeconds;
    private readonly StoredDirectory? _directory;
    private readonly TimeProvider _time;
    private readonly ILogger<AnswerStore> _logger;
    private readonly Channel<Job> _jobs = Channel.CreateUnbounded<Job>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = false, AllowSynchronousContinuations = false });
    private readonly Lock _lock = new();

    // Held during an update, which reads a file. Taken before _lock.
    private readonly Lock _updates = new();

    // Guarded by _lock, like the two sums.
    private readonly Dictionary<string, Slot> _entries = new(StringComparer.Ordinal);
    private long _bytes;
    private long _pendingBytes;
    private long _lastNumber;

    public AnswerStore(NodeOptions options, TimeProvider time, ILogger<AnswerStore> logger)
    {
        (_maxBytes, _maxAgeSeconds, _time, _logger) = (options.StoreBytes, (long)options.StoreTime.TotalSeconds, time, logger);
        _directory = Open(options.StateDirectory);
    }

    /// <summary>Whether answers are stored.</summary>
    internal bool IsOn => _maxBytes > 0 && _directory is not null;

    /// <summary>The present Unix time in seconds.</summary>
    internal long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Adds an entry, or replaces the content of the entry with this id.</summary>
    /// <returns><see langword="false"/> if the store is off, the content is larger than the store, or the disk is too slow.</returns>
    internal bool Put(StoredEntry entry, ReadOnlyMemory<byte> input, ReadOnlyMemory<byte> output)
    {
        long bytes = input.Length + output.Length;
        lock (_lock)
        {
            if (!IsOn || SizeOf(bytes) > _maxBytes || _pendingBytes + bytes > MaxPendingBytes)
                return Refuse(entry.Id);
            Set(entry.Number > 0 ? entry : entry with { Number = ++_lastNumber }, input, output);
        }

        return true;
    }

    /// <summary>Replaces the output of an entry. Does nothing if the entry is deleted.</summary>
    /// <returns>Whether the entry exists.</returns>
    internal bool SetOutput(string owner, StoredKind kind, string id, ReadOnlyMemory<byte> output, StoredState state)
    {
        lock (_lock)
        {
            if (FindSlot(owner, kind, id) is not { } slot)
                return false;
            Set(slot.Entry with { State = state }, slot.Input, output);
            return true;
        }
    }

    /// <summary>Replaces the content of an entry by what a function makes of it. Other updates wait meanwhile. Does nothing if there is no entry.</summary>
    /// <returns>The new content; <see langword="null"/> if there is no entry, or the new content is too large.</returns>
    internal StoredContent? Update(string owner, StoredKind kind, string id, Func<StoredContent, StoredContent> change)
    {
        lock (_updates)
        {
            if (Find(owner, kind, id) is not { } present)
                return null;
            StoredContent next = change(present);
            lock (_lock)
            {
                // The entry may have been deleted meanwhile.
                return _entries.ContainsKey(id) && Put(next.Entry, next.Input, next.Output) ? next : null;
            }
        }
    }

    /// <summary>Returns an entry without its content; <see langword="null"/> if this owner has none with this id.</summary>
    internal StoredEntry? FindEntry(string owner, StoredKind kind, string id)
    {
        lock (_lock)
            return FindSlot(owner, kind, id)?.Entry;
    }

    /// <summary>Returns an entry; <see langword="null"/> if this owner has none with this id. Reads the file if the content is not in memory.</summary>
    /// <exception cref="IOException">The file cannot be read. The entry stays.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be read. The entry stays.</exception>
    internal StoredContent? Find(string owner, StoredKind kind, string id)
    {
        // A write between the two looks moves content from memory to the file, so the second look may miss it. Then it is in the file.
        for (int attempt = 0; attempt < 3; attempt++)
        {
            Slot slot;
            lock (_lock)
            {
                if (FindSlot(owner, kind, id) is not { } found)
                    return null;
                slot = found;
            }

            if (slot is { Input: { } input, Output: { } output })
                return new(slot.Entry, input, output);
            if (ReadFile(id) is { } file)
                return new(slot.Entry, slot.Input ?? file.Input, slot.Output ?? file.Output);
        }

        Drop(id);
        return null;
    }

    /// <summary>Returns the entries of an owner, the oldest one first.</summary>
    internal List<StoredEntry> List(string owner, StoredKind kind)
    {
        long now = Now;
        lock (_lock)
        {
            return [.. _entries.Values
                .Select(static slot => slot.Entry)
                .Where(entry => entry.Kind == kind && entry.Owner == owner && !IsTooOld(entry, now))
                .OrderBy(static entry => entry.Created)
                .ThenBy(static entry => entry.Number)];
        }
    }

    /// <summary>Deletes an entry. Returns when its file is deleted.</summary>
    /// <returns>Whether there was one.</returns>
    internal async Task<bool> DeleteAsync(string owner, StoredKind kind, string id)
    {
        lock (_lock)
        {
            if (FindSlot(owner, kind, id) is not { } slot)
                return false;
            Remove(slot);
        }

        await FlushAsync().ConfigureAwait(false);
        return true;
    }

    /// <summary>Returns when all changes so far are on the disk, or could not be written.</summary>
    internal Task FlushAsync()
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return _jobs.Writer.TryWrite(new(null, done)) ? done.Task : Task.CompletedTask;
    }

    /// <summary>Returns the entry; <see langword="null"/> if it is missing, too old, or of another owner. The caller holds the lock.</summary>
    private Slot? FindSlot(string owner, StoredKind kind, string id) =>
        _entries.TryGetValue(id, out Slot? slot) && slot.Entry.Owner == owner && slot.Entry.Kind == kind && !IsTooOld(slot.Entry, Now) ? slot : null;

    private bool IsTooOld(StoredEntry entry, long now) => entry.State != StoredState.Running && now - entry.Written > _maxAgeSeconds;

    /// <summary>Sets the content of an entry and deletes the oldest others if the store is full. The caller holds the lock.</summary>
    /// <param name="input">Null if it is in the file.</param>
    private void Set(StoredEntry entry, ReadOnlyMemory<byte>? input, ReadOnlyMemory<byte>? output)
    {
        _entries.TryGetValue(entry.Id, out Slot? old);
        long pending = (input?.Length ?? 0) + (output?.Length ?? 0);
        Slot slot = new(entry with { Written = Now }, input, output, SizeOf(pending), pending);
        if (old is not null)
        {
            _bytes -= old.Bytes;
            _pendingBytes -= old.Pending;
            slot = slot with { Bytes = input is null ? Math.Max(old.Bytes, slot.Bytes) : slot.Bytes };
        }

        _entries[entry.Id] = slot;
        _bytes += slot.Bytes;
        _pendingBytes += slot.Pending;
        _jobs.Writer.TryWrite(new(entry.Id, null));
        if (_bytes > _maxBytes)
            Shrink(entry.Id);
    }

    /// <summary>Deletes the oldest entries until the rest fits. Entries of active runs stay. The caller holds the lock.</summary>
    private void Shrink(string? keep)
    {
        foreach (Slot slot in _entries.Values.OrderBy(static slot => slot.Entry.Written).ThenBy(static slot => slot.Entry.Number).ToArray())
        {
            if (_bytes <= _maxBytes)
                return;
            if (slot.Entry.Id != keep && slot.Entry.State != StoredState.Running)
                Remove(slot);
        }
    }

    /// <summary>Removes an entry from the index. Its file is deleted later. The caller holds the lock.</summary>
    private void Remove(Slot slot)
    {
        _entries.Remove(slot.Entry.Id);
        _bytes -= slot.Bytes;
        _pendingBytes -= slot.Pending;
        _jobs.Writer.TryWrite(new(slot.Entry.Id, null));
    }

    private bool Refuse(string id)
    {
        if (IsOn)
            Log.TooLarge(_logger, id);
        return false;
    }

    private static long SizeOf(long bytes) => (bytes + 1024 + StoredDirectory.BlockBytes - 1) / StoredDirectory.BlockBytes * StoredDirectory.BlockBytes;

    /// <summary>An entry in memory. Content that is null is in the file. Immutable.</summary>
    /// <param name="Bytes">Size on the disk, as far as it is known.</param>
    /// <param name="Pending">Size of the content in memory.</param>
    private sealed record Slot(StoredEntry Entry, ReadOnlyMemory<byte>? Input, ReadOnlyMemory<byte>? Output, long Bytes, long Pending);

    /// <param name="Id">The entry to write, or whose file is to be deleted; null for none.</param>
    /// <param name="Done">Completed when all earlier jobs are done; null if no caller waits for that.</param>
    private sealed record Job(string? Id, TaskCompletionSource? Done);
}

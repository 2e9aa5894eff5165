namespace RkLlama.Engine.Stored;

/// <content>Reading and writing of the files.</content>
internal sealed partial class AnswerStore
{
    // Whether the last write failed. Used by the writing task. A full disk is reported once, not for each answer. Meanwhile the answers stay in memory.
    private bool _hasFailed;

    /// <summary>Writes the changes to the disk until the token is cancelled, and then the rest. Deletes entries that are too old.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        Task<bool> next = _jobs.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        Task prune = Task.Delay(PruneInterval, _time, cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.WhenAny(next, prune).ConfigureAwait(false);
            if (prune.IsCompletedSuccessfully)
            {
                Prune();
                Retry();
                prune = Task.Delay(PruneInterval, _time, cancellationToken);
            }

            WriteAll();
            if (next.IsCompleted)
                next = _jobs.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        }

        _jobs.Writer.TryComplete();
        WriteAll();
    }

    /// <summary>Deletes the entries that are too old.</summary>
    internal void Prune()
    {
        long now = Now;
        lock (_lock)
        {
            foreach (Slot slot in _entries.Values.Where(slot => IsTooOld(slot.Entry, now)).ToArray())
                Remove(slot);
        }
    }

    /// <summary>Queues what could not be written before.</summary>
    private void Retry()
    {
        lock (_lock)
        {
            foreach (Slot slot in _entries.Values.Where(static slot => slot.Pending > 0))
                _jobs.Writer.TryWrite(new(slot.Entry.Id, null));
        }
    }

    private void WriteAll()
    {
        while (_jobs.Reader.TryRead(out Job? job))
        {
            if (job.Id is { } id)
                Write(id);
            job.Done?.TrySetResult();
        }
    }

    /// <summary>Writes an entry, or deletes the file of one that was removed.</summary>
    private void Write(string id)
    {
        if (_directory is not { } directory)
            return;
        try
        {
            Slot? slot;
            lock (_lock)
                _entries.TryGetValue(id, out slot);
            if (slot is null)
            {
                directory.Delete(id);
                return;
            }

            // Several changes have one write.
            if (slot is { Input: null, Output: null })
                return;
            StoredContent? old = slot is { Input: not null, Output: not null } ? null : directory.Read(id);
            if (old is null && slot is not { Input: not null, Output: not null })
            {
                Drop(id);
                return;
            }

            byte[] content = StoredFile.ToBytes(new(slot.Entry, slot.Input ?? old!.Input, slot.Output ?? old!.Output));
            directory.Write(id, content);
            _hasFailed = false;
            Written(slot, content.Length);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            if (!_hasFailed)
                Log.NotWritten(_logger, directory.Path, ex.Message);
            _hasFailed = true;
        }
    }

    /// <summary>Removes the content of an entry from memory, unless it has changed since it was written.</summary>
    private void Written(Slot slot, long length)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(slot.Entry.Id, out Slot? present) || !ReferenceEquals(present, slot))
                return;
            Slot written = slot with { Input = null, Output = null, Bytes = RoundUp(length), Pending = 0 };
            _entries[slot.Entry.Id] = written;
            _bytes += written.Bytes - slot.Bytes;
            _pendingBytes -= slot.Pending;
        }
    }

    private StoredContent? ReadFile(string id)
    {
        try
        {
            return _directory?.Read(id);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Removes an entry whose file is missing or damaged.</summary>
    private void Drop(string id)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(id, out Slot? slot))
                Remove(slot);
        }

        Log.Damaged(_logger, _directory!.Path, 1);
    }

    /// <summary>Opens the directory and reads its entries. If the setting is 0, deletes what is there.</summary>
    private StoredDirectory? Open(string? state)
    {
        if (state is null)
            return null;
        StoredDirectory directory = new(Path.Join(state, "responses"));
        try
        {
            if (_maxBytes == 0 && !directory.Exists)
                return null;
            if (directory.Open() is { } problem)
            {
                Log.NoDirectory(_logger, directory.Path, problem);
                return null;
            }

            Load(directory);
            return directory;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            Log.NoDirectory(_logger, directory.Path, $"cannot be read ({ex.Message.TrimEnd('.')})");
            _entries.Clear();
            _bytes = 0;
            return null;
        }
    }

    private void Load(StoredDirectory directory)
    {
        List<(StoredEntry, long)> files = directory.ReadAll(out int damaged);
        foreach ((StoredEntry entry, long bytes) in files)
        {
            // A run that has not ended belonged to a process that has.
            StoredEntry read = entry.State == StoredState.Running ? entry with { State = StoredState.Interrupted } : entry;
            _entries[entry.Id] = new(read, null, null, RoundUp(bytes), 0);
            _bytes += RoundUp(bytes);
            _lastNumber = Math.Max(_lastNumber, entry.Number);
        }

        if (damaged > 0)
            Log.Damaged(_logger, directory.Path, damaged);
        Prune();
        lock (_lock)
            Shrink(keep: null);
        List<string> removed = [];
        while (_jobs.Reader.TryRead(out Job? job))
            removed.Add(job.Id!);
        directory.Delete([.. removed]);
    }

    private static long RoundUp(long bytes) => (bytes + StoredDirectory.BlockBytes - 1) / StoredDirectory.BlockBytes * StoredDirectory.BlockBytes;

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Answers are not stored: '{Path}' {Problem}")]
        internal static partial void NoDirectory(ILogger logger, string path, string problem);

        [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "{Path}: {Count} stored answers were damaged and are deleted")]
        internal static partial void Damaged(ILogger logger, string path, int count);

        [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "{Path}: answers cannot be stored: {Reason}")]
        internal static partial void NotWritten(ILogger logger, string path, string reason);

        [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "Answer {Id} is not stored: it is larger than --store allows, or the disk is too slow")]
        internal static partial void TooLarge(ILogger logger, string id);
    }
}

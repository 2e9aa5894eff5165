using Microsoft.Win32.SafeHandles;

namespace RkLlama.Hub.Download;

/// <summary>
/// Hashes an unfinished file in order, on its own thread in idle priority, behind the thread that writes it. If the content follows the
/// hashed bytes, takes it from the buffers of the writer. Otherwise reads it from the file: bytes of an earlier download, and parts that were written out of order. Thread-safe.
/// </summary>
internal sealed class BackgroundHash : IDisposable
{
    // The writer waits if hashing is behind by this many buffers: otherwise the content would have to be read from the disk again.
    private const int QueuedBuffers = 4;

    private readonly Thread _thread;
    private readonly ContentHash _hash;
    private readonly SafeFileHandle _handle;
    private readonly FileParts _parts;
    private readonly TaskCompletionSource<string> _value = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards the fields below, and is pulsed when they change.
    private readonly object _lock = new();
    private readonly Queue<FileChunk> _queue = new();

    // All bytes before this offset are hashed, in the queue, or being hashed.
    private long _end;
    private bool _isComplete;
    private bool _isStopped;

    /// <param name="hash">The hash, without any content. It belongs to this object from now on.</param>
    /// <param name="handle">The file. It stays open until this object is disposed.</param>
    /// <param name="parts">Which bytes are on the disk.</param>
    internal BackgroundHash(ContentHash hash, SafeFileHandle handle, FileParts parts)
    {
        (_hash, _handle, _parts) = (hash, handle, parts);
        _thread = new Thread(Run) { IsBackground = true, Name = "download hash" };
        _thread.Start();
    }

    /// <summary>Takes bytes that are on the disk. Waits if they are the next ones and hashing is behind.</summary>
    /// <param name="chunk">The bytes. They belong to this object from now on.</param>
    internal void Add(FileChunk chunk)
    {
        lock (_lock)
        {
            while (chunk.Offset == _end && _queue.Count >= QueuedBuffers && !_isStopped)
                Monitor.Wait(_lock);

            // Other bytes are read from the file later, in order.
            bool isNext = chunk.Offset == _end && !_isStopped;
            if (isNext)
            {
                _queue.Enqueue(chunk);
                _end = chunk.End;
            }
            else
            {
                chunk.Release();
            }

            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Returns the value in lower-case hexadecimal digits when everything that is on the disk has been hashed. Called once, when the whole file is there.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal Task<string> FinishAsync()
    {
        lock (_lock)
        {
            _isComplete = true;
            Monitor.PulseAll(_lock);
        }

        return _value.Task;
    }

    /// <summary>Stops hashing. Waits until the thread has ended.</summary>
    public void Dispose()
    {
        Stop();
        _thread.Join();
        _hash.Dispose();

        // Observes the exception of the hash thread. If the download has failed, its own exception is reported, and not this one.
        _ = _value.Task.Exception;
    }

    private void Run()
    {
        IdlePriority.Apply();
        try
        {
            while (TryTake(out FileChunk chunk, out bool isInMemory))
            {
                if (!isInMemory)
                    Read(chunk);
                _hash.Append(chunk.Content);
                chunk.Release();
            }

            if (!_isStopped)
                _value.SetResult(_hash.Finish());
        }
        catch (Exception ex)
        {
            _value.SetException(ex);
        }

        // Ends the wait of the writer.
        Stop();
    }

    /// <summary>Waits for the next bytes.</summary>
    /// <param name="isInMemory">Whether the chunk has its content; otherwise it has to be read from the file.</param>
    /// <returns><see langword="false"/> at the end.</returns>
    private bool TryTake(out FileChunk chunk, out bool isInMemory)
    {
        lock (_lock)
        {
            for (; !_isStopped; Monitor.Wait(_lock))
            {
                isInMemory = _queue.TryDequeue(out chunk);
                if (isInMemory)
                {
                    Monitor.PulseAll(_lock);
                    return true;
                }

                int length = (int)Math.Min(_parts.PrefixLength - _end, FileChunk.BufferBytes);
                if (length > 0)
                {
                    chunk = new(_end, FileChunk.Rent(), length);
                    _end += length;
                    return true;
                }

                if (_isComplete)
                    return false;
            }
        }

        (chunk, isInMemory) = (default, false);
        return false;
    }

    private void Read(FileChunk chunk)
    {
        for (int done = 0; done < chunk.Length;)
        {
            int count = RandomAccess.Read(_handle, chunk.Buffer.AsSpan(done, chunk.Length - done), chunk.Offset + done);
            if (count == 0)
                throw new IOException("the file became shorter during the download");
            done += count;
        }
    }

    private void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
            while (_queue.TryDequeue(out FileChunk chunk))
                chunk.Release();
            Monitor.PulseAll(_lock);
        }
    }
}

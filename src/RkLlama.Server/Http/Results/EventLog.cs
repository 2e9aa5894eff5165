using System.Globalization;
using System.Text;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// The bytes of one resumable stream. One task appends; any number of responses read, each from its own position, also after the end. Thread-safe. Its size is bounded
/// by the number of tokens that the context of the model allows.
/// </summary>
/// <param name="isEvents">Whether the stream has server-sent events. Then each event gets an id: its number, from 0.</param>
internal sealed class EventLog(bool isEvents)
{
    private const int PageBytes = 16 << 10;

    private readonly Lock _lock = new();

    // Guarded by _lock. Bytes before _length never change.
    private readonly List<byte[]> _pages = [];
    private readonly List<long> _eventEnds = [];
    private long _length;
    private bool _hasEnded;
    private Exception? _error;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Number of bytes so far.</summary>
    internal long Length
    {
        get
        {
            lock (_lock)
                return _length;
        }
    }

    /// <summary>Whether the stream has ended, also with an error.</summary>
    internal bool HasEnded
    {
        get
        {
            lock (_lock)
                return _hasEnded;
        }
    }

    /// <summary>Why the stream has failed; <see langword="null"/> if it has not.</summary>
    internal Exception? Error
    {
        get
        {
            lock (_lock)
                return _error;
        }
    }

    /// <summary>Appends complete events or lines.</summary>
    internal void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        lock (_lock)
        {
            if (isEvents)
                AddEvents(bytes);
            else
                Add(bytes);
            Signal();
        }
    }

    /// <summary>Ends the stream.</summary>
    /// <param name="error">Why it has failed; <see langword="null"/> if it has not.</param>
    internal void End(Exception? error)
    {
        lock (_lock)
        {
            _hasEnded = true;
            _error = error;
            Signal();
        }
    }

    /// <summary>Returns the bytes from a position on, as far as they are in one piece. Empty if there are none yet.</summary>
    internal ReadOnlyMemory<byte> Read(long position)
    {
        lock (_lock)
        {
            if (position >= _length)
                return default;
            int start = (int)(position % PageBytes);
            return _pages[(int)(position / PageBytes)].AsMemory(start, (int)Math.Min(PageBytes - start, _length - position));
        }
    }

    /// <summary>Completes when there are bytes from a position on, or the stream has ended.</summary>
    internal Task WaitAsync(long position, CancellationToken cancellationToken)
    {
        lock (_lock)
            return _length > position || _hasEnded ? Task.CompletedTask : _changed.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Returns the position behind an event; <see langword="null"/> if there is no such event yet.</summary>
    internal long? PositionAfter(long eventNumber)
    {
        lock (_lock)
            return eventNumber < 0 ? 0 : eventNumber < _eventEnds.Count ? _eventEnds[(int)eventNumber] : null;
    }

    private void Signal()
    {
        TaskCompletionSource changed = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }

    /// <summary>Adds events, each with its id before it. A comment is no event and has no id.</summary>
    private void AddEvents(ReadOnlySpan<byte> bytes)
    {
        Span<byte> id = stackalloc byte[32];
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOf("\n\n"u8);
            ReadOnlySpan<byte> item = end < 0 ? bytes : bytes[..(end + 2)];
            bytes = bytes[item.Length..];
            if (item[0] == (byte)':')
            {
                Add(item);
                continue;
            }

            Add("id: "u8);
            Encoding.ASCII.TryGetBytes(_eventEnds.Count.ToString(CultureInfo.InvariantCulture), id, out int length);
            Add(id[..length]);
            Add("\n"u8);
            Add(item);
            _eventEnds.Add(_length);
        }
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int start = (int)(_length % PageBytes);
            if (start == 0)
                _pages.Add(new byte[PageBytes]);
            int count = Math.Min(PageBytes - start, bytes.Length);
            bytes[..count].CopyTo(_pages[^1].AsSpan(start));
            _length += count;
            bytes = bytes[count..];
        }
    }
}

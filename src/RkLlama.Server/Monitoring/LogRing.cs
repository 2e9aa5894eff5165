namespace RkLlama.Server.Monitoring;

/// <summary>One line of the log.</summary>
/// <param name="Time">When it was written.</param>
/// <param name="Level">verbose, debug, information, warning, error or fatal.</param>
/// <param name="Text">The message, without line breaks and without a stack trace.</param>
internal sealed record LogLine(DateTimeOffset Time, string Level, string Text);

/// <summary>
/// Keeps the last 500 lines of the log for the page. Only if the node has an API key, because the vendor's library may print prompts. Thread-safe.
/// </summary>
internal sealed class LogRing
{
    internal const int Capacity = 500;

    private readonly Lock _lock = new();

    // Guarded by _lock. The oldest one first.
    private readonly Queue<LogLine> _lines = new();
    private long _added;

    /// <summary>The lines, the oldest one first, and the number of all lines so far.</summary>
    internal (IReadOnlyList<LogLine> Lines, long Added) All
    {
        get
        {
            lock (_lock)
                return ([.. _lines], _added);
        }
    }

    /// <summary>Returns the lines that were added after the first lines.</summary>
    /// <param name="after">Number of all lines at the time of the last call.</param>
    internal (IReadOnlyList<LogLine> Lines, long Added) Since(long after)
    {
        lock (_lock)
            return (_added == after ? [] : [.. _lines.TakeLast((int)Math.Min(_added - after, Capacity))], _added);
    }

    internal void Add(LogLine line)
    {
        lock (_lock)
        {
            if (_lines.Count == Capacity)
                _lines.Dequeue();
            _lines.Enqueue(line);
            _added++;
        }
    }
}

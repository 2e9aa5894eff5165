namespace RkLlama.Server.Monitoring;

/// <summary>Counts the log lines that were dropped, because the output did not accept them. Thread-safe.</summary>
internal sealed class DroppedLogLines
{
    private long _count;

    internal long Count => Volatile.Read(ref _count);

    internal void Add(int lines) => Interlocked.Add(ref _count, lines);
}

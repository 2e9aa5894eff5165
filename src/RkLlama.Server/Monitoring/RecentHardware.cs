using RkLlama.Engine.Hardware;

namespace RkLlama.Server.Monitoring;

/// <summary>Shares one reading of the hardware between callers that need one at nearly the same time. Thread-safe.</summary>
internal sealed class RecentHardware(HardwareReader reader, TimeProvider time)
{
    // One reading opens about fifty small files of the kernel. Somebody who looks each second gets a new reading at each second look.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1.4);

    private readonly Lock _lock = new();

    // Guarded by _lock.
    private NodeReading? _last;
    private long _at;

    /// <summary>Returns a reading that is at most 1.4 s old.</summary>
    internal NodeReading Read()
    {
        lock (_lock)
        {
            if (_last is null || time.GetElapsedTime(_at) > MaxAge)
                (_last, _at) = (reader.Read(), time.GetTimestamp());
            return _last;
        }
    }
}

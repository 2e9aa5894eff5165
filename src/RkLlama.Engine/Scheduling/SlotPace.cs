namespace RkLlama.Engine.Scheduling;

/// <summary>How long requests hold the slot of the queue. Used under the lock of the queue.</summary>
internal sealed class SlotPace(TimeProvider time)
{
    private long _start;

    // Moving average (exponential) of the time that a request holds the slot, in seconds; 0 before the first release.
    private double _average;

    /// <summary>Records that a request gets the slot.</summary>
    internal void Start() => _start = time.GetTimestamp();

    /// <summary>Records that the slot is released.</summary>
    internal void End()
    {
        double seconds = time.GetElapsedTime(_start).TotalSeconds;
        _average = _average == 0 ? seconds : (0.8 * _average) + (0.2 * seconds);
    }

    /// <summary>Estimates the time until a new request gets the slot, in whole seconds. At least 1, and at most 60, because clients do not wait longer.</summary>
    internal int Estimate(bool isBusy, int waiting) => Math.Min(EstimateWait(isBusy, waiting), 60);

    /// <summary>Estimates the time until a request gets the slot, in whole seconds, at least 1.</summary>
    /// <param name="ahead">Number of requests that wait before it.</param>
    internal int EstimateWait(bool isBusy, int ahead)
    {
        // If the current request has held the slot for longer than the average, its time is the better estimate.
        double held = isBusy ? time.GetElapsedTime(_start).TotalSeconds : 0;
        double slot = Math.Max(_average, held);
        return (int)Math.Clamp(Math.Ceiling((slot * (ahead + 1)) - held), 1, int.MaxValue / 2);
    }
}

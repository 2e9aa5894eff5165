namespace RkLlama.Engine.Scheduling;

/// <summary>Retry delays: exponential from 30 s to 10 minutes, without a limit on attempts. Used by one task.</summary>
internal sealed class RetryBackoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Max = TimeSpan.FromMinutes(10);

    private TimeSpan _next = First;

    /// <summary>The time until the next attempt. Doubles the one after it.</summary>
    internal TimeSpan Next()
    {
        TimeSpan delay = _next;
        _next = _next * 2 < Max ? _next * 2 : Max;
        return delay;
    }

    internal void Reset() => _next = First;
}

namespace RkLlama.Engine.Residency;

/// <summary>Retry delays that grow exponentially from 30 s to 10 minutes. The number of attempts has no limit. Used by one task.</summary>
internal sealed class RetryBackoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Max = TimeSpan.FromMinutes(10);

    private TimeSpan _next = First;

    /// <summary>Returns the delay before the next attempt. The delay after that is twice as long, up to 10 minutes.</summary>
    internal TimeSpan Next()
    {
        TimeSpan delay = _next;
        _next = _next * 2 < Max ? _next * 2 : Max;
        return delay;
    }

    internal void Reset() => _next = First;
}

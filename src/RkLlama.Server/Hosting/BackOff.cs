namespace RkLlama.Server.Hosting;

/// <summary>When to try again what has failed: ever later, but for ever. Whatever was in the way, a driver or memory, may be gone by then.</summary>
internal sealed class BackOff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private TimeSpan _next = First;

    /// <summary>The time until the next attempt; the one after that is twice as far.</summary>
    internal TimeSpan Next()
    {
        TimeSpan delay = _next;
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        return delay;
    }

    internal void Reset() => _next = First;
}

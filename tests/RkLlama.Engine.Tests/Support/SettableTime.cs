using Microsoft.Extensions.Time.Testing;

namespace RkLlama.Engine.Tests.Support;

/// <summary>A clock that the test advances. The system time can also be set, which does not change timestamps and timers.</summary>
public sealed class SettableTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    public SettableTime()
        : this(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    /// <summary>By how much the system time is set forward; negative if it is set back.</summary>
    public TimeSpan Shift { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;

    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}

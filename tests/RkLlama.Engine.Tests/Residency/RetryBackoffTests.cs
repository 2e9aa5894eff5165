using RkLlama.Engine.Residency;

namespace RkLlama.Engine.Tests.Residency;

public sealed class RetryBackoffTests
{
    [Fact]
    public void Delays_double_from_30_seconds_to_10_minutes()
    {
        RetryBackoff backoff = new();

        double[] delays = [.. Enumerable.Range(0, 8).Select(_ => backoff.Next().TotalSeconds)];

        delays.Should().Equal(30, 60, 120, 240, 480, 600, 600, 600);
    }

    [Fact]
    public void A_reset_starts_again_at_30_seconds()
    {
        RetryBackoff backoff = new();
        backoff.Next();
        backoff.Next();

        backoff.Reset();

        backoff.Next().Should().Be(TimeSpan.FromSeconds(30));
    }
}

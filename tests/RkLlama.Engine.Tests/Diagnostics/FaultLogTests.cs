using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Tests.Diagnostics;

public sealed class FaultLogTests
{
    [Fact]
    public void The_last_sixteen_failures_are_kept_the_newest_one_first()
    {
        FaultLog faults = new(new FakeTimeProvider());
        faults.Last.Should().BeNull();

        for (int i = 0; i < 20; i++)
            faults.Add("m", $"reason {i}");

        faults.Last!.Reason.Should().Be("reason 19");
        faults.Recent.Select(static fault => fault.Reason).Should().Equal(Enumerable.Range(4, 16).Reverse().Select(static i => $"reason {i}"));
    }
}

using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Workers.Server;

namespace RkLlama.Engine.Tests.Workers;

public sealed class RunWatchdogTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _killed = [];
    private readonly RunWatchdog _watchdog;
    private int _aborts;

    // The prefill timeout is 10 s plus 1 s per token, for a prompt of 5 tokens.
    public RunWatchdogTests() => _watchdog = new(
        new(Prefill: Seconds(10), PrefillPerToken: Seconds(1), Token: Seconds(4), AbortGrace: Seconds(2)), 5, _time, () => _aborts++, _killed.Add);

    public void Dispose() => _watchdog.Dispose();

    [Fact]
    public void The_prefill_timeout_depends_on_the_length_of_the_prompt()
    {
        _time.Advance(Seconds(14.9));
        _aborts.Should().Be(0);

        _time.Advance(Seconds(0.2));

        _aborts.Should().Be(1);
        _watchdog.TimeoutReason.Should().Be("the runtime gave no first token for 15 s");
    }

    [Fact]
    public void Each_token_restarts_the_token_timeout()
    {
        for (int token = 0; token < 20; token++)
        {
            _watchdog.OnToken();
            _time.Advance(Seconds(3.9));
        }

        _aborts.Should().Be(0);
        _time.Advance(Seconds(0.2));
        _aborts.Should().Be(1);
        _watchdog.TimeoutReason.Should().Contain("no token for 4 s");
    }

    [Fact]
    public void If_a_run_ignores_its_abort_the_worker_is_killed()
    {
        _watchdog.OnToken();
        _time.Advance(Seconds(4.1));
        _time.Advance(Seconds(1.9));
        _killed.Should().BeEmpty();

        _time.Advance(Seconds(0.2));

        _killed.Should().Equal("the runtime gave no token for 4 s and ignored the abort");
        _time.Advance(Seconds(100));
        _killed.Should().HaveCount(1);
        _aborts.Should().Be(1);
    }

    [Fact]
    public void An_abort_by_another_caller_has_the_same_grace_period()
    {
        _watchdog.OnToken();
        _watchdog.OnAbort();

        // Tokens that arrive after the abort do not extend the time.
        _time.Advance(Seconds(1.9));
        _watchdog.OnToken();
        _killed.Should().BeEmpty();
        _time.Advance(Seconds(0.2));

        _aborts.Should().Be(0);
        _killed.Should().Equal("the runtime did not end the run within 2 s of the abort");
    }

    [Fact]
    public void An_abort_during_the_prefill_waits_for_the_prefills_own_end()
    {
        _time.Advance(Seconds(5));
        _watchdog.OnAbort();

        _time.Advance(Seconds(9.9));
        _killed.Should().BeEmpty();
        _time.Advance(Seconds(0.2));

        _killed.Should().HaveCount(1);
    }

    [Fact]
    public void An_abort_during_the_prefill_has_its_grace_from_the_first_token_on()
    {
        _watchdog.OnAbort();
        _time.Advance(Seconds(5));

        _watchdog.OnToken();
        _time.Advance(Seconds(1.9));
        _watchdog.OnToken();
        _killed.Should().BeEmpty();
        _time.Advance(Seconds(0.2));

        _killed.Should().HaveCount(1);
    }

    [Fact]
    public void An_ended_run_is_left_alone()
    {
        _watchdog.Dispose();

        _time.Advance(Seconds(1000));
        _watchdog.OnAbort();
        _time.Advance(Seconds(1000));

        (_aborts, _killed.Count).Should().Be((0, 0));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}

using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Tests.Workers;

public sealed class EngineRunTests
{
    private int _aborts;
    private readonly EngineRun _run;

    public EngineRunTests() => _run = new(_ => _aborts++);

    [Fact]
    public async Task Tokens_that_arrive_together_are_one_batch_in_order()
    {
        _run.Add(new(1, "a")).Should().BeNull("it is the first");
        _run.Add(new(2, "b")).Should().NotBeNull();
        _run.Flush();
        _run.Flush();
        _run.Add(new(3, "c"));
        _run.Flush();
        _run.Complete(new(RunEndReason.Stop, 3, null, null));

        List<EngineToken[]> batches = [];
        await foreach (EngineToken[] batch in _run.Tokens.ReadAllAsync())
            batches.Add(batch);

        batches.Select(batch => string.Concat(batch.Select(token => token.Text))).Should().Equal("ab", "c");
    }

    [Fact]
    public async Task The_outcome_has_the_first_end_and_the_times()
    {
        _run.Add(new(1, "a"));
        _run.Flush();

        _run.Complete(new(RunEndReason.Stop, 1, null, null));
        _run.Complete(new(RunEndReason.Error, 1, null, "late"));
        RunOutcome outcome = await _run.Completion;

        outcome.End.Reason.Should().Be(RunEndReason.Stop);
        outcome.FirstToken.Should().NotBeNull().And.BeLessThanOrEqualTo(outcome.Ended);
    }

    [Fact]
    public async Task A_run_without_tokens_has_no_first_one()
    {
        _run.Complete(new(RunEndReason.Stop, 0, null, null));

        (await _run.Completion).FirstToken.Should().BeNull();
    }

    [Fact]
    public void Every_abort_is_passed_on_and_the_first_cause_counts()
    {
        _run.AbortCause.Should().BeNull();

        _run.Abort(AbortCause.Length);
        _run.Abort(AbortCause.ClientDisconnected);

        (_run.AbortCause, _aborts).Should().Be((AbortCause.Length, 2));
    }
}

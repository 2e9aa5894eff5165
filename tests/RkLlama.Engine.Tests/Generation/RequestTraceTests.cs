using RkLlama.Engine.Generation;

namespace RkLlama.Engine.Tests.Generation;

public sealed class RequestTraceTests
{
    private static readonly TimeSpan One = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Two = TimeSpan.FromSeconds(2);

    private readonly RequestTrace _trace = new("r-1");

    [Fact]
    public void A_new_trace_knows_its_id_only()
    {
        (_trace.Id, _trace.Model, _trace.Start, _trace.Timings, _trace.FinishReason, _trace.IsRetry).Should().Be(("r-1", null, null, null, null, false));
    }

    [Fact]
    public void The_start_is_that_of_the_first_run()
    {
        _trace.RunStarted(One, Two);
        _trace.RunStarted(Two, One);

        _trace.Start.Should().Be(new RequestTrace.RunStart(One, Two));
    }

    [Fact]
    public void Timings_of_several_answers_are_added_and_the_finish_reason_is_the_last_one()
    {
        _trace.Completed(FinishReason.Length, new(One, One, One, One, One));
        _trace.Completed(FinishReason.Stop, new(Two, Two, Two, Two, Two));

        _trace.Timings.Should().Be(new GenerationTimings(One + Two, One + Two, One + Two, One + Two, One + Two));
        _trace.FinishReason.Should().Be(FinishReason.Stop);
    }

    [Fact]
    public void The_model_is_the_last_one_that_was_set()
    {
        _trace.SetModel("m");
        _trace.SetModel("n");

        _trace.Model.Should().Be("n");
    }
}

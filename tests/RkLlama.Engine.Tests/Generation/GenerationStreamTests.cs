using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Output;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Generation;

public sealed class GenerationStreamTests : IAsyncDisposable
{
    private static readonly GenerationSummary Summary =
        new(FinishReason.Stop, 5, 2, 0, null, 1.5, new(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero));

    private readonly EngineNode _node = new();
    private readonly CancellationTokenSource _request = new();
    private readonly GenerationStream _stream;

    public GenerationStreamTests() => _stream = new(_node.Host.Find("m"), new(true, false, false), 5, _request.Token);

    public async ValueTask DisposeAsync()
    {
        _request.Dispose();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Events_that_were_written_together_are_read_in_order_and_the_summary_is_last()
    {
        _stream.Write([Content("a", 1), Content("b", 2)]);
        _stream.Write([Content("c", 3)]);
        _stream.Complete(Summary);

        List<GenerationEvent> events = await ReadAsync();

        events.Should().Equal(Content("a", 1), Content("b", 2), Content("c", 3), new(null, 2, 1.5, Summary));
    }

    [Fact]
    public async Task An_error_is_thrown_after_the_events_before_it()
    {
        _stream.Write([Content("a", 1)]);
        _stream.Fail(new NoModelException());
        IAsyncEnumerator<GenerationEvent> events = _stream.ReadAsync(default).GetAsyncEnumerator();

        (await events.MoveNextAsync()).Should().BeTrue();
        events.Current.Should().Be(Content("a", 1));

        Func<Task> next = async () => await events.MoveNextAsync();
        await next.Should().ThrowAsync<NoModelException>();
    }

    [Fact]
    public void Writing_does_not_wait_for_the_reader()
    {
        for (int i = 0; i < 10_000; i++)
            _stream.Write([Content("x", i)]);

        _stream.Abandoned.IsCancellationRequested.Should().BeFalse();
    }

    [Fact]
    public async Task A_cancelled_request_abandons_the_answer()
    {
        await _request.CancelAsync();

        _stream.Abandoned.IsCancellationRequested.Should().BeTrue();
    }

    [Fact]
    public void A_disposed_stream_is_abandoned()
    {
        _stream.Dispose();

        _stream.Abandoned.IsCancellationRequested.Should().BeTrue();
    }

    private static GenerationEvent Content(string text, int tokens) => new(new ContentPart(text), tokens, 1, null);

    private async Task<List<GenerationEvent>> ReadAsync()
    {
        using CancellationTokenSource timeout = new(Patience);
        List<GenerationEvent> events = [];
        await foreach (GenerationEvent item in _stream.ReadAsync(timeout.Token))
            events.Add(item);
        return events;
    }
}

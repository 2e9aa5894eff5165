using RkLlama.Engine.Generation;
using RkLlama.Engine.Generation.Vectors;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Generation;

public sealed class EmbeddingServiceTests : IAsyncDisposable
{
    private readonly EngineNode _node = new();
    private readonly LogLines<EmbeddingService> _log = new();
    private readonly EmbeddingService _service;

    public EmbeddingServiceTests() => _service = new(_node.Host, new(_node.Host, _node.Scheduler, _node.Metrics), _node.Cpu, _log);

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_text_becomes_its_vector_and_frees_the_slot()
    {
        RequestTrace trace = new("r-1");
        Task<TextEmbedding> embedding = EmbedAsync(trace: trace);
        FakeRun run = await _node.Runs.NextAsync();
        run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [0.6f, 0.8f]);

        TextEmbedding made = await embedding;

        made.Vector.Should().Equal(0.6f, 0.8f);
        made.PromptTokens.Should().BePositive();
        run.Prompt.Should().Be("Hi there");
        (trace.Model, trace.FinishReason).Should().Be(("m", (FinishReason?)FinishReason.Stop));
        _node.Queue.IsBusy.Should().BeFalse();
        _node.MetricsPage["rkllama_prompt_tokens_total{model=\"m\"}"].Should().Be(made.PromptTokens);
    }

    [Fact]
    public async Task A_batch_embeds_its_texts_in_order_and_logs_one_line()
    {
        EmbeddingBatch batch = await _service.StartAsync(_service.Find("m"), ["one", "two", "three"], truncates: false, null, new("r-1"), CancellationToken.None);
        Task<List<float[]>> reading = batch.EmbedAsync(CancellationToken.None).ToListAsync().AsTask();
        foreach (string text in (string[])["one", "two", "three"])
        {
            FakeRun run = await _node.Runs.NextAsync();
            run.Prompt.Should().Be(text);
            run.Engine.Complete(new(RunEndReason.Stop, 0, null, null), [text.Length]);
        }

        (await reading.WaitAsync(Patience)).Select(vector => vector.Single()).Should().Equal(3, 3, 5);

        batch.PromptTokens.Should().Be(3);
        _log.All.Should().ContainSingle().Which.Should().StartWith("Embedded: model m, 3 of 3 texts, 3 tokens").And.EndWith("request r-1");
    }

    [Fact]
    public async Task A_text_that_is_too_long_fails_the_batch_before_the_first_run()
    {
        string tooLong = new('a', 10_000_000);

        Func<Task> start = () => _service.StartAsync(_service.Find("m"), ["one", tooLong], truncates: false, null, new("test"), CancellationToken.None);

        (await start.Should().ThrowAsync<ContextLengthException>().WithMessage("The text has at least * tokens *")).Which.PromptField.Should().Be("input");
        _node.Runs.Count.Should().Be(0);
    }

    [Theory]
    [InlineData(16, false)]
    [InlineData(17, true)]
    public async Task A_batch_of_more_than_16_texts_is_a_background_request(int texts, bool isBackground)
    {
        RequestTrace trace = new("r-1");

        await _service.StartAsync(_service.Find("m"), [.. Enumerable.Repeat((TextOrTokens)"text", texts)], truncates: false, null, trace, CancellationToken.None);

        trace.IsBackground.Should().Be(isBackground);
    }

    [Fact]
    public async Task A_batch_whose_model_is_unloaded_between_two_texts_can_be_sent_again()
    {
        EmbeddingBatch batch = await _service.StartAsync(_service.Find("m"), ["one", "two"], truncates: false, null, new("r-1"), CancellationToken.None);
        await using IAsyncEnumerator<float[]> vectors = batch.EmbedAsync(CancellationToken.None).GetAsyncEnumerator();
        Task<bool> first = vectors.MoveNextAsync().AsTask();
        (await _node.Runs.NextAsync()).Engine.Complete(new(RunEndReason.Stop, 0, null, null), [1]);
        (await first.WaitAsync(Patience)).Should().BeTrue();

        await _node.Host.UnloadAsync().WaitAsync(Patience);

        await vectors.Invoking(one => one.MoveNextAsync().AsTask()).Should().ThrowAsync<ModelUnloadedException>();
    }

    [Fact]
    public async Task A_failed_run_is_an_error_with_its_reason()
    {
        Task<TextEmbedding> embedding = EmbedAsync();
        (await _node.Runs.NextAsync()).End(RunEndReason.Error, "the NPU hung");

        await embedding.Invoking(task => task).Should().ThrowAsync<EngineException>().WithMessage("The embedding failed: the NPU hung.");

        _node.Queue.IsBusy.Should().BeFalse();
    }

    [Theory]
    [InlineData(5000, "The text has 5000 tokens *")]
    [InlineData(null, "The text has at least 4096 tokens *")]
    public async Task A_text_that_the_runtime_finds_too_long_is_the_error_of_its_length(int? tokens, string message)
    {
        Task<TextEmbedding> embedding = EmbedAsync();

        (await _node.Runs.NextAsync()).Refuse(tokens);

        await embedding.Invoking(task => task).Should().ThrowAsync<ContextLengthException>().WithMessage(message);
    }

    [Fact]
    public async Task A_client_that_disconnects_aborts_the_run_and_the_slot_is_free_when_the_run_ends()
    {
        using CancellationTokenSource leave = new();
        Task<TextEmbedding> embedding = EmbedAsync(leave.Token);
        FakeRun run = await _node.Runs.NextAsync();

        await leave.CancelAsync();
        await run.Aborted.WaitAsync(Patience);
        (_node.Queue.IsBusy, embedding.IsCompleted).Should().Be((true, false));
        run.End(RunEndReason.Cancelled);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => embedding);
        _node.Queue.IsBusy.Should().BeFalse();
        _node.MetricsPage["rkllama_aborts_total{cause=\"client_left\"}"].Should().Be(1);
    }

    [Fact]
    public async Task A_client_that_disconnects_while_queued_starts_no_run()
    {
        using ModelLease busy = await _node.AcquireAsync(_node.Host.Find("m"));
        using CancellationTokenSource leave = new();
        Task<TextEmbedding> embedding = EmbedAsync(leave.Token);
        await EventuallyAsync(() => _node.Queue.Waiting == 1);

        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => embedding);
        (_node.Queue.Waiting, _node.Runs.Count).Should().Be((0, 0));
    }

    [Fact]
    public async Task An_unload_during_the_run_fails_the_request()
    {
        Task<TextEmbedding> embedding = EmbedAsync();
        await _node.Runs.NextAsync();

        await _node.Host.UnloadAsync().WaitAsync(Patience);

        await embedding.Invoking(task => task).Should().ThrowAsync<EngineException>().WithMessage("The model was unloaded while it answered.");
    }

    [Fact]
    public void An_unknown_model_is_not_found() => _service.Invoking(one => one.Find("other")).Should().Throw<ModelNotFoundException>();

    private Task<TextEmbedding> EmbedAsync(CancellationToken cancellationToken = default, RequestTrace? trace = null) =>
        _service.EmbedAsync(_service.Find("m"), "Hi there", truncates: false, null, null, trace ?? new("test"), cancellationToken).WaitAsync(Patience, CancellationToken.None);
}

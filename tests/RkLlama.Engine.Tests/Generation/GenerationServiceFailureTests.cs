using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Generation;

public sealed class GenerationServiceFailureTests : GenerationServiceFixture
{
    [Fact]
    public async Task An_answer_without_the_required_tool_call_is_an_error()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { RequiresToolCall = true } });
        await AnswerAsync("I would rather not.");

        await stream.Invoking(ReadAsync).Should().ThrowAsync<MissingToolCallException>();
    }

    [Fact]
    public async Task A_missing_capability_is_refused_before_the_request_is_queued()
    {
        Func<Task> start = () => StartAsync(EngineNode.Ask() with { Requires = RequiredCapabilities.Thinking, Operation = "chat" });

        (await start.Should().ThrowAsync<MissingCapabilityException>()).Which.Missing.Should().Be(RequiredCapabilities.Thinking);

        Engine.Sessions.Should().BeEmpty();
        (Node.Queue.IsBusy, Node.GenerationLog.All.Count).Should().Be((false, 0));
    }

    [Fact]
    public async Task A_request_without_a_model_name_needs_a_loaded_model()
    {
        Func<Task> start = () => StartAsync(EngineNode.Ask() with { Model = null });

        await start.Should().ThrowAsync<NoModelException>();
    }

    [Fact]
    public async Task A_client_that_disconnects_while_queued_leaves_the_queue_and_starts_no_run()
    {
        using GenerationStream first = await StartAsync(EngineNode.Ask());
        FakeRun run = await Node.Runs.NextAsync();
        using CancellationTokenSource leave = new();
        using GenerationStream waiting = await StartAsync(EngineNode.Ask("Second"), leave.Token);
        await EventuallyAsync(() => Node.Queue.Waiting == 1);

        await leave.CancelAsync();
        await EventuallyAsync(() => Node.Queue.Waiting == 0);
        run.End(RunEndReason.Stop);
        await ReadAsync(first);

        await EventuallyAsync(() => !Node.Queue.IsBusy);
        Node.Runs.Count.Should().Be(1);
    }

    [Fact]
    public async Task A_client_that_disconnects_during_the_run_aborts_it_and_the_slot_is_free_when_the_run_ends()
    {
        using CancellationTokenSource leave = new();
        using GenerationStream stream = await StartAsync(EngineNode.Ask(), leave.Token);
        FakeRun run = await Node.Runs.NextAsync();
        await run.SendAsync("one");
        using GenerationStream next = await StartAsync(EngineNode.Ask("Next"));

        await leave.CancelAsync();
        await run.Aborted.WaitAsync(Patience);
        (Node.Queue.IsBusy, Node.Runs.Count).Should().Be((true, 1));
        run.End(RunEndReason.Cancelled);
        await AnswerAsync("mine");

        Text(await ReadAsync(next)).Should().Be("mine");
        // The producer of the cancelled answer writes its line after it has released the slot.
        await EventuallyAsync(() => Node.GenerationLog.All.Any(line => line.Contains("Cancelled (the client left)", StringComparison.Ordinal)));
        run.Engine.AbortCause.Should().Be(AbortCause.ClientDisconnected);
        Node.MetricsPage["rkllama_aborts_total{cause=\"client_left\"}"].Should().Be(1);
    }

    [Fact]
    public async Task A_disposed_stream_aborts_its_run()
    {
        GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await Node.Runs.NextAsync();

        stream.Dispose();

        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);
        await EventuallyAsync(() => !Node.Queue.IsBusy);
    }

    [Fact]
    public async Task An_error_is_thrown_after_the_tokens_before_it()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await Node.Runs.NextAsync();
        await run.SendAsync("one");
        run.End(RunEndReason.Error, "the NPU hung");

        List<GenerationEvent> events = [];
        Func<Task> read = async () =>
        {
            await foreach (GenerationEvent item in stream.ReadAsync(default))
                events.Add(item);
        };

        await read.Should().ThrowAsync<EngineException>().WithMessage("The answer failed: the NPU hung.");
        Text(events).Should().Be("one");
        Node.Queue.IsBusy.Should().BeFalse();
    }

    [Theory]
    [InlineData(5000, "The prompt has 5000 tokens and the model's context length is 4096*")]
    [InlineData(null, "The prompt has at least 4096 tokens and the model's context length is 4096*")]
    public async Task A_prompt_that_the_runtime_finds_too_long_is_the_error_of_its_length(int? tokens, string message)
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { PromptField = "prompt" });

        (await Node.Runs.NextAsync()).Refuse(tokens);

        (await stream.Invoking(ReadAsync).Should().ThrowAsync<ContextLengthException>().WithMessage(message)).Which.PromptField.Should().Be("prompt");
    }

    [Fact]
    public async Task An_unload_during_the_run_fails_the_answer()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await Node.Runs.NextAsync();
        await run.SendAsync("one");

        await Node.Host.UnloadAsync().WaitAsync(Patience);

        await stream.Invoking(ReadAsync).Should().ThrowAsync<EngineException>().WithMessage("The model was unloaded while it answered.");
        run.Engine.AbortCause.Should().Be(AbortCause.Unloaded);
        await EventuallyAsync(() => !Node.Queue.IsBusy);
    }

    [Fact]
    public async Task A_load_that_fails_is_thrown_where_the_answer_is_read()
    {
        Node.FailLoads(1, "bad magic");
        using GenerationStream stream = await StartAsync(EngineNode.Ask());

        await stream.Invoking(ReadAsync).Should().ThrowAsync<EngineException>().WithMessage("bad magic");

        Node.GenerationLog.All.Should().BeEmpty("no run has started");
    }

    [Fact]
    public async Task A_prompt_that_cannot_fit_is_refused_by_its_length()
    {
        // The template would be an error, but it is never rendered.
        Node.AddModel("long", "FROM=\"m.rkllm\"\nTEMPLATE=\"{{ raise_exception('rendered') }}\"\n");
        GenerationRequest request = EngineNode.Ask(new string('a', 8_000_000)) with { Model = "long" };

        ContextLengthException error = await Assert.ThrowsAsync<ContextLengthException>(() => StartAsync(request));

        error.Message.Should().StartWith("The prompt has at least ");
        error.PromptTokens.Should().BeGreaterThan(error.ContextLength);
        Node.Runs.Count.Should().Be(0);
    }

    [Fact]
    public async Task A_template_that_burns_processor_time_fails_and_the_client_can_cancel_it()
    {
        Node.AddModel("slow", "FROM=\"m.rkllm\"\nTEMPLATE=\"{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}\"\n");
        using CancellationTokenSource leave = new();
        GenerationRequest request = EngineNode.Ask() with { Model = "slow" };
        Task<GenerationStream> left = StartAsync(request, leave.Token);

        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Func<Task> start = () => StartAsync(request);
        await start.Should().ThrowAsync<PromptException>().WithMessage("*takes too*");
    }
}

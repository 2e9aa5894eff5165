using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Output;
using RkLlama.Output.StructuredJson;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Generation;

public sealed class GenerationServiceTests : IAsyncDisposable
{
    private readonly EngineNode _node = new(options => options with { MaxRepetitions = 3 });
    private readonly GenerationService _service;

    public GenerationServiceTests() => _service = _node.NewGenerationService();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    private FakeEngine Engine => _node.Engine;

    [Fact]
    public async Task Events_come_in_order_and_the_last_one_has_the_summary()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await _node.Runs.NextAsync();

        foreach (string token in (string[])["Hello", ",", " world"])
            await run.SendAsync(token);
        run.End(RunEndReason.Stop);
        List<GenerationEvent> events = await ReadAsync(stream);

        events.SkipLast(1).Select(item => ((ContentPart)item.Part!).Text).Should().Equal("Hello", ",", " world");
        events.SkipLast(1).Select(item => item.OutputTokens).Should().Equal(1, 2, 3);
        events.SkipLast(1).Should().OnlyContain(item => item.Summary == null);
        GenerationSummary summary = events[^1].Summary!;
        (summary.FinishReason, summary.OutputTokens, summary.PromptTokens).Should().Be((FinishReason.Stop, 3, stream.PromptTokens));
        events[^1].Part.Should().BeNull();
    }

    [Fact]
    public async Task Statistics_are_counted_and_logged_once()
    {
        GenerationRequest request = EngineNode.Ask(id: "r-1");
        using GenerationStream stream = await StartAsync(request);
        await AnswerAsync("one", " two");

        GenerationSummary summary = (await ReadAsync(stream))[^1].Summary!;

        _node.MetricsPage["rkllama_output_tokens_total{model=\"m\"}"].Should().Be(2);
        _node.MetricsPage["rkllama_prompt_tokens_total{model=\"m\"}"].Should().Be(stream.PromptTokens);
        _node.MetricsPage["rkllama_time_to_first_token_seconds_count{model=\"m\"}"].Should().Be(1);
        _node.GenerationLog.All.Should().ContainSingle().Which.Should().StartWith("Finished: model m,").And.Contain("output 2 tokens").And.EndWith("Stop, request r-1");
        (request.Trace.Model, request.Trace.FinishReason).Should().Be(("m", (FinishReason?)FinishReason.Stop));
        request.Trace.Timings.Should().Be(summary.Timings);
    }

    [Fact]
    public async Task A_slow_reader_does_not_delay_the_run_of_the_next_request()
    {
        using GenerationStream unread = await StartAsync(EngineNode.Ask());
        await AnswerAsync("one", " two", " three");

        using GenerationStream next = await StartAsync(EngineNode.Ask("Next"));
        await AnswerAsync("four");

        Text(await ReadAsync(next)).Should().Be("four");
        Text(await ReadAsync(unread)).Should().Be("one two three");
    }

    [Fact]
    public async Task A_used_up_thinking_budget_continues_in_the_same_slot()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { ThinkingBudget = 2 } });
        FakeRun thinking = await _node.Runs.NextAsync();
        using GenerationStream other = await StartAsync(EngineNode.Ask("Other"));
        await EventuallyAsync(() => _node.Queue.Waiting == 1);

        await thinking.SendAsync("<think>");
        await thinking.SendAsync("hm");
        await thinking.Aborted.WaitAsync(Patience);
        thinking.End(RunEndReason.Cancelled);
        FakeRun answering = await _node.Runs.NextAsync();
        await answering.SendAsync("Because.");
        answering.End(RunEndReason.Stop);
        List<GenerationEvent> events = await ReadAsync(stream);

        thinking.Engine.AbortCause.Should().Be(AbortCause.ThinkingBudget);
        answering.Prompt.Should().Be(thinking.Prompt + "<think>hm\n</think>\n\n");
        Text(events).Should().Be("Because.");
        (events[^1].Summary!.OutputTokens, events[^1].Summary!.ReasoningTokens, events[^1].Summary!.FinishReason).Should().Be((3, 2, FinishReason.Stop));
        _node.GenerationLog.All.Should().ContainSingle(line => line.StartsWith("Finished", StringComparison.Ordinal));
        await AnswerAsync("other");
        Text(await ReadAsync(other)).Should().Be("other");
    }

    [Fact]
    public async Task A_stop_sequence_ends_the_answer_and_aborts_the_run()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { StopSequences = ["END"] } });
        FakeRun run = await _node.Runs.NextAsync();

        await run.SendAsync("one");
        await run.SendAsync(" END two");
        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);
        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be("one ");
        events[^1].Summary!.FinishReason.Should().Be(FinishReason.Stop);
        run.Engine.AbortCause.Should().Be(AbortCause.StopSequence);
        _node.MetricsPage["rkllama_aborts_total{cause=\"stop_sequence\"}"].Should().Be(1);
    }

    [Fact]
    public async Task An_answer_that_reaches_its_limit_ends_with_length()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { MaxNewTokens = 2 });
        FakeRun run = await _node.Runs.NextAsync();

        await run.SendAsync("one");
        await run.SendAsync(" two");
        await run.Aborted.WaitAsync(Patience);
        await run.SendAsync(" three");
        run.End(RunEndReason.Cancelled);
        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be("one two");
        (events[^1].Summary!.FinishReason, events[^1].Summary!.OutputTokens).Should().Be((FinishReason.Length, 2));
        run.Engine.AbortCause.Should().Be(AbortCause.Length);
    }

    [Fact]
    public async Task A_run_that_ends_at_the_limit_of_the_load_ends_with_length()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await _node.Runs.NextAsync();

        await run.SendAsync("one");
        run.End(RunEndReason.Length);

        (await ReadAsync(stream))[^1].Summary!.FinishReason.Should().Be(FinishReason.Length);
    }

    [Fact]
    public async Task An_answer_that_repeats_a_phrase_too_often_is_cut()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await _node.Runs.NextAsync();

        for (int i = 0; i < 4; i++)
        {
            run.Engine.Add(new(7, "ha"));
            run.Engine.Flush();
        }

        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled, tokens: 4);
        List<GenerationEvent> events = await ReadAsync(stream);

        events[^1].Summary!.FinishReason.Should().Be(FinishReason.Length);
        run.Engine.AbortCause.Should().Be(AbortCause.Repetition);
        _node.GenerationLog.All.Should().Contain(line => line.Contains("it repeated itself", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Json_that_does_not_conform_is_requested_once_more_and_both_answers_are_counted()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { Format = OutputFormat.AnyObject } });
        FakeRun first = await _node.Runs.NextAsync();
        await first.SendAsync("Sorry");
        await first.SendAsync(" no");
        first.End(RunEndReason.Stop);
        FakeRun second = await _node.Runs.NextAsync();
        await second.SendAsync("{\"a\":1}");
        second.End(RunEndReason.Stop);

        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be("{\"a\":1}");
        second.Prompt.Should().Contain("Sorry no").And.Contain("it is not JSON");
        (events[^1].Summary!.OutputTokens, events[^1].Summary!.FinishReason).Should().Be((3, FinishReason.Stop));
        _node.MetricsPage["rkllama_output_tokens_total{model=\"m\"}"].Should().Be(3);
    }

    [Fact]
    public async Task Json_that_does_not_conform_twice_is_an_error()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { Format = OutputFormat.AnyObject } });
        await AnswerAsync("Sorry");
        await AnswerAsync("Sorry again");

        await stream.Invoking(ReadAsync).Should().ThrowAsync<OutputFormatException>().WithMessage("*it is not JSON*");

        _node.Runs.Count.Should().Be(2);
        _node.Queue.IsBusy.Should().BeFalse();
    }

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
        (_node.Queue.IsBusy, _node.GenerationLog.All.Count).Should().Be((false, 0));
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
        FakeRun run = await _node.Runs.NextAsync();
        using CancellationTokenSource leave = new();
        using GenerationStream waiting = await StartAsync(EngineNode.Ask("Second"), leave.Token);
        await EventuallyAsync(() => _node.Queue.Waiting == 1);

        await leave.CancelAsync();
        await EventuallyAsync(() => _node.Queue.Waiting == 0);
        run.End(RunEndReason.Stop);
        await ReadAsync(first);

        await EventuallyAsync(() => !_node.Queue.IsBusy);
        _node.Runs.Count.Should().Be(1);
    }

    [Fact]
    public async Task A_client_that_disconnects_during_the_run_aborts_it_and_the_slot_is_free_when_the_run_ends()
    {
        using CancellationTokenSource leave = new();
        using GenerationStream stream = await StartAsync(EngineNode.Ask(), leave.Token);
        FakeRun run = await _node.Runs.NextAsync();
        await run.SendAsync("one");
        using GenerationStream next = await StartAsync(EngineNode.Ask("Next"));

        await leave.CancelAsync();
        await run.Aborted.WaitAsync(Patience);
        (_node.Queue.IsBusy, _node.Runs.Count).Should().Be((true, 1));
        run.End(RunEndReason.Cancelled);
        await AnswerAsync("mine");

        Text(await ReadAsync(next)).Should().Be("mine");
        run.Engine.AbortCause.Should().Be(AbortCause.ClientDisconnected);
        _node.MetricsPage["rkllama_aborts_total{cause=\"client_left\"}"].Should().Be(1);
        _node.GenerationLog.All.Should().Contain(line => line.Contains("Cancelled (the client left)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_disposed_stream_aborts_its_run()
    {
        GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await _node.Runs.NextAsync();

        stream.Dispose();

        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);
        await EventuallyAsync(() => !_node.Queue.IsBusy);
    }

    [Fact]
    public async Task An_error_is_thrown_after_the_tokens_before_it()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await _node.Runs.NextAsync();
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
        _node.Queue.IsBusy.Should().BeFalse();
    }

    [Fact]
    public async Task An_unload_during_the_run_fails_the_answer()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await _node.Runs.NextAsync();
        await run.SendAsync("one");

        await _node.Host.UnloadAsync().WaitAsync(Patience);

        await stream.Invoking(ReadAsync).Should().ThrowAsync<EngineException>().WithMessage("The model was unloaded while it answered.");
        run.Engine.AbortCause.Should().Be(AbortCause.Unloaded);
        await EventuallyAsync(() => !_node.Queue.IsBusy);
    }

    [Fact]
    public async Task A_load_that_fails_is_thrown_where_the_answer_is_read()
    {
        _node.FailLoads(1, "bad magic");
        using GenerationStream stream = await StartAsync(EngineNode.Ask());

        await stream.Invoking(ReadAsync).Should().ThrowAsync<EngineException>().WithMessage("bad magic");

        _node.GenerationLog.All.Should().BeEmpty("no run has started");
    }

    [Fact]
    public async Task Without_output_options_the_text_of_the_model_is_unchanged()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = null });
        await AnswerAsync("<think>", "", "hm</think>", "yes");

        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be("<think>hm</think>yes");
        events.Should().HaveCount(4, "a token without text gives no event");
        events[^1].Summary!.OutputTokens.Should().Be(4);
    }

    private Task<GenerationStream> StartAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        _service.StartAsync(request, cancellationToken).WaitAsync(Patience, CancellationToken.None);

    /// <summary>Waits for the next run, sends these tokens and ends it.</summary>
    private async Task AnswerAsync(params string[] tokens)
    {
        FakeRun run = await _node.Runs.NextAsync();
        foreach (string token in tokens)
            await run.SendAsync(token);
        run.End(RunEndReason.Stop);
    }

    private static async Task<List<GenerationEvent>> ReadAsync(GenerationStream stream)
    {
        using CancellationTokenSource timeout = new(Patience);
        List<GenerationEvent> events = [];
        await foreach (GenerationEvent item in stream.ReadAsync(timeout.Token))
            events.Add(item);
        return events;
    }

    private static string Text(IEnumerable<GenerationEvent> events) => string.Concat(events.Select(item => item.Part).OfType<ContentPart>().Select(part => part.Text));
}

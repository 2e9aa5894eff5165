using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Output;
using RkLlama.Output.StructuredJson;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Generation;

public sealed class GenerationServiceTests : GenerationServiceFixture
{
    [Fact]
    public async Task Events_come_in_order_and_the_last_one_has_the_summary()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await Node.Runs.NextAsync();

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

        Node.MetricsPage["rkllama_output_tokens_total{model=\"m\"}"].Should().Be(2);
        Node.MetricsPage["rkllama_prompt_tokens_total{model=\"m\"}"].Should().Be(stream.PromptTokens);
        Node.MetricsPage["rkllama_time_to_first_token_seconds_count{model=\"m\"}"].Should().Be(1);
        Node.GenerationLog.All.Should().ContainSingle().Which.Should().StartWith("Finished: model m,").And.Contain("output 2 tokens").And.EndWith("Stop, request r-1");
        (request.Trace.Model, request.Trace.FinishReason).Should().Be(("m", (FinishReason?)FinishReason.Stop));
        request.Trace.Timings.Should().Be(summary.Timings);
    }

    [Theory]
    [InlineData(true, false, "Hello")]
    [InlineData(true, true, "Hello<end> wor")]
    [InlineData(false, false, "Hello")]
    public async Task The_stop_sequences_of_the_Modelfile_apply_if_the_request_sets_none(bool processesOutput, bool setsStop, string expected)
    {
        Node.AddModel("m", "FROM=\"m.rkllm\"\nSTOP=\"<end>\"\n");
        GenerationRequest request = EngineNode.Ask() with
        {
            Output = processesOutput ? new() { StopSequences = setsStop ? ["ld"] : [] } : null,
        };

        using GenerationStream stream = await StartAsync(request);
        await AnswerAsync("Hello", "<en", "d>", " world");
        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be(expected);
        events[^1].Summary!.FinishReason.Should().Be(FinishReason.Stop);
    }

    [Fact]
    public async Task A_gap_is_filled_and_ends_at_an_end_token_of_the_family()
    {
        Node.Write("m/tokenizer.json", """
            {"added_tokens": [{"id": 2, "content": "<fim_prefix>", "special": true}, {"id": 3, "content": "<fim_suffix>", "special": true}, {"id": 4, "content": "<fim_middle>", "special": true}],
             "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
            """);

        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { RawPrompt = "a", Suffix = "b" });
        await AnswerAsync("middle", "<file_sep>", "other file");

        stream.PromptTokens.Should().Be(5);
        Text(await ReadAsync(stream)).Should().Be("middle");
    }

    [Fact]
    public async Task A_gap_for_a_model_without_such_tokens_is_refused_before_the_queue()
    {
        FluentAssertions.Specialized.ExceptionAssertions<MissingCapabilityException> refused =
            await FluentActions.Awaiting(() => StartAsync(EngineNode.Ask() with { RawPrompt = "a", Suffix = "b" })).Should().ThrowAsync<MissingCapabilityException>();

        refused.WithMessage("\"m\" does not support insert").Which.Missing.Should().Be(RequiredCapabilities.Insert);
        Engine.Sessions.Should().BeEmpty();
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
        FakeRun thinking = await Node.Runs.NextAsync();
        using GenerationStream other = await StartAsync(EngineNode.Ask("Other"));
        await EventuallyAsync(() => Node.Queue.Waiting == 1);

        await thinking.SendAsync("<think>");
        await thinking.SendAsync("hm");
        await thinking.Aborted.WaitAsync(Patience);
        thinking.End(RunEndReason.Cancelled);
        FakeRun answering = await Node.Runs.NextAsync();
        await answering.SendAsync("Because.");
        answering.End(RunEndReason.Stop);
        List<GenerationEvent> events = await ReadAsync(stream);

        thinking.Engine.AbortCause.Should().Be(AbortCause.ThinkingBudget);
        answering.Prompt.Should().Be(thinking.Prompt + "<think>hm\n</think>\n\n");
        Text(events).Should().Be("Because.");
        (events[^1].Summary!.OutputTokens, events[^1].Summary!.ReasoningTokens, events[^1].Summary!.FinishReason).Should().Be((3, 2, FinishReason.Stop));
        Node.GenerationLog.All.Should().ContainSingle(line => line.StartsWith("Finished", StringComparison.Ordinal));
        await AnswerAsync("other");
        Text(await ReadAsync(other)).Should().Be("other");
    }

    [Fact]
    public async Task A_stop_sequence_ends_the_answer_and_aborts_the_run()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { StopSequences = ["END"] } });
        FakeRun run = await Node.Runs.NextAsync();

        await run.SendAsync("one");
        await run.SendAsync(" END two");
        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);
        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be("one ");
        events[^1].Summary!.FinishReason.Should().Be(FinishReason.Stop);
        run.Engine.AbortCause.Should().Be(AbortCause.StopSequence);
        Node.MetricsPage["rkllama_aborts_total{cause=\"stop_sequence\"}"].Should().Be(1);
    }

    [Fact]
    public async Task An_answer_that_reaches_its_limit_ends_with_length()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { MaxNewTokens = 2 });
        FakeRun run = await Node.Runs.NextAsync();

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
        FakeRun run = await Node.Runs.NextAsync();

        await run.SendAsync("one");
        run.End(RunEndReason.Length);

        (await ReadAsync(stream))[^1].Summary!.FinishReason.Should().Be(FinishReason.Length);
    }

    [Fact]
    public async Task An_answer_that_repeats_a_phrase_too_often_is_cut()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await Node.Runs.NextAsync();

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
        Node.GenerationLog.All.Should().Contain(line => line.Contains("it repeated itself", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Json_that_does_not_conform_is_requested_once_more_and_both_answers_are_counted()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { Format = OutputFormat.AnyObject } });
        FakeRun first = await Node.Runs.NextAsync();
        await first.SendAsync("Sorry");
        await first.SendAsync(" no");
        first.End(RunEndReason.Stop);
        FakeRun second = await Node.Runs.NextAsync();
        await second.SendAsync("{\"a\":1}");
        second.End(RunEndReason.Stop);

        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be("{\"a\":1}");
        second.Prompt.Should().Contain("Sorry no").And.Contain("it is not JSON");
        (events[^1].Summary!.OutputTokens, events[^1].Summary!.FinishReason).Should().Be((3, FinishReason.Stop));
        Node.MetricsPage["rkllama_output_tokens_total{model=\"m\"}"].Should().Be(3);
    }

    [Fact]
    public async Task Json_that_does_not_conform_twice_is_an_error()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { Format = OutputFormat.AnyObject } });
        await AnswerAsync("Sorry");
        await AnswerAsync("Sorry again");

        await stream.Invoking(ReadAsync).Should().ThrowAsync<OutputFormatException>().WithMessage("*it is not JSON*");

        Node.Runs.Count.Should().Be(2);
        Node.Queue.IsBusy.Should().BeFalse();
    }

    [Fact]
    public async Task Json_whose_check_takes_too_long_is_not_requested_once_more()
    {
        // Seconds of work: 2,000 texts with 4,000 characters, and 50 patterns for each.
        string patterns = string.Join(',', Enumerable.Range(0, 50).Select(static i => $$"""{"pattern":"^(a|b)*c{{i}}$"}"""));
        JsonSchema schema = JsonSchema.Parse(JsonElement.Parse($$$"""{"items":{"anyOf":[{{{patterns}}}]}}"""));
        string json = $"[{string.Join(',', Enumerable.Repeat($"\"{new string('a', 4000)}\"", 2000))}]";
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { Format = new(schema, IsStrict: true) } });
        await AnswerAsync(json);

        await stream.Invoking(ReadAsync).Should().ThrowAsync<OutputFormatException>().WithMessage("*takes too long to check*");

        Node.Runs.Count.Should().Be(1);
    }

    [Theory]
    [InlineData("Hello", "b")]
    [InlineData("Write <analysis> first.", "<analysis>a</analysis>b")]
    public async Task A_tag_of_reasoning_that_the_prompt_asks_for_is_content(string prompt, string text)
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask(prompt) with { Output = new() });
        await AnswerAsync("<analysis>", "a", "</analysis>", "b");

        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be(text);
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
}

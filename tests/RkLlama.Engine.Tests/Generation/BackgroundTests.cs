using RkLlama.Engine.Generation;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using static RkLlama.Engine.Tests.Support.HeldRuns;
using static RkLlama.Engine.Tests.Support.SmallTokenizer;

namespace RkLlama.Engine.Tests.Generation;

/// <summary>Background requests give way to others and continue their output later.</summary>
public sealed class BackgroundTests : GenerationServiceFixture
{
    public BackgroundTests() => Node.Write("m/tokenizer.json", SmallTokenizer.Json);

    [Fact]
    public async Task A_background_answer_gives_way_and_continues_behind_its_tokens()
    {
        using GenerationStream background = await StartAsync(Background());
        FakeRun first = await Node.Runs.NextAsync();

        using GenerationStream person = await InterruptAsync(first);
        FakeRun second = await Node.Runs.NextAsync();
        await second.SendAsync(HelloToken, "Hello");
        second.End(RunEndReason.Stop);
        FakeRun third = await ResumedAsync();
        await third.SendAsync(World, " world");
        third.End(RunEndReason.Stop);
        List<GenerationEvent> events = await ReadAsync(background);

        Text(await ReadAsync(person)).Should().Be("Hello");
        third.Tokens.Should().Equal([.. first.Tokens!, HelloToken]);
        Text(events).Should().Be("Hello world");
        (events[^1].Summary!.FinishReason, events[^1].Summary!.OutputTokens).Should().Be((FinishReason.Stop, 2));
        Node.MetricsPage["rkllama_aborts_total{cause=\"gives_way\"}"].Should().Be(1);
        Node.GenerationLog.All.Should().HaveCount(2);
    }

    [Fact]
    public async Task The_rest_of_a_character_that_the_abort_cuts_is_not_part_of_the_output()
    {
        using GenerationStream background = await StartAsync(Background());
        FakeRun first = await Node.Runs.NextAsync();
        await first.SendAsync(0xF0, "");
        await first.SendAsync(0x9F, "");
        using GenerationStream person = await StartAsync(EngineNode.Ask("Person", "person"));
        await first.Aborted.WaitAsync(Patience);
        await first.SendAsync(-1, "\uFFFD");
        first.End(RunEndReason.Cancelled, tokens: 2);
        (await Node.Runs.NextAsync()).End(RunEndReason.Stop);
        FakeRun third = await ResumedAsync();
        await third.SendAsync(HelloToken, "Hello");
        third.End(RunEndReason.Stop);
        List<GenerationEvent> events = await ReadAsync(background);

        third.Tokens.Should().EndWith([0xF0, 0x9F]);
        events[^1].Summary!.OutputTokens.Should().Be(3);
        Text(events).Count(static c => c == '\uFFFD').Should().BeLessThanOrEqualTo(1, "the cut character is followed by another one");
    }

    [Fact]
    public async Task A_background_answer_that_has_reached_its_end_token_does_not_give_way()
    {
        Node.Write("m/generation_config.json", $$"""{"eos_token_id": {{EndOfTurn}}}""");
        using GenerationStream background = await StartAsync(Background());
        FakeRun first = await Node.Runs.NextAsync();
        await first.SendAsync(HelloToken, "Hello");
        await first.SendAsync(EndOfTurn, "");
        using GenerationStream person = await StartAsync(EngineNode.Ask("Person", "person"));
        await EventuallyAsync(() => Node.Queue.Waiting == 1);
        await first.SendAsync(World, " world");
        await first.Aborted.WaitAsync(Patience);
        first.End(RunEndReason.Cancelled, tokens: 3);
        (await Node.Runs.NextAsync()).End(RunEndReason.Stop);

        Text(await ReadAsync(background)).Should().Be("Hello");
        first.Engine.AbortCause.Should().Be(AbortCause.EndToken);
        Node.Runs.Count.Should().Be(2);
    }

    [Fact]
    public async Task A_background_answer_gives_way_again()
    {
        using GenerationStream background = await StartAsync(Background());
        FakeRun first = await Node.Runs.NextAsync();
        using GenerationStream person = await InterruptAsync(first);
        (await Node.Runs.NextAsync()).End(RunEndReason.Stop);
        FakeRun again = await ResumedAsync();

        using GenerationStream next = await StartAsync(EngineNode.Ask("Next", "next"));
        await again.Aborted.WaitAsync(Patience);
        again.End(RunEndReason.Cancelled);
        (await Node.Runs.NextAsync()).End(RunEndReason.Stop);
        FakeRun last = await ResumedAsync();
        await last.SendAsync(World, " world");
        last.End(RunEndReason.Stop);

        Text(await ReadAsync(background)).Should().Be("Hello world");
    }

    [Fact]
    public async Task A_background_answer_continues_if_its_worker_is_killed_because_it_ignores_the_abort()
    {
        using GenerationStream background = await StartAsync(Background());
        FakeRun first = await Node.Runs.NextAsync();
        await first.SendAsync(HelloToken, "Hello");
        using GenerationStream person = await StartAsync(EngineNode.Ask("Person", "person"));
        await first.Aborted.WaitAsync(Patience);
        first.Engine.Complete(new(RunEndReason.Error, 1, null, "the worker was killed"), death: WorkerDeath.Hang);
        (await Node.Runs.NextAsync()).End(RunEndReason.Stop);
        FakeRun third = await ResumedAsync();
        await third.SendAsync(World, " world");
        third.End(RunEndReason.Stop);

        Text(await ReadAsync(background)).Should().Be("Hello world");
        third.Tokens.Should().Equal([.. first.Tokens!, HelloToken]);
    }

    [Fact]
    public async Task A_background_answer_fails_if_its_worker_is_killed_twice()
    {
        using GenerationStream background = await StartAsync(Background());
        for (int i = 0; i < 2; i++)
        {
            FakeRun run = i == 0 ? await Node.Runs.NextAsync() : await ResumedAsync();
            using GenerationStream person = await StartAsync(EngineNode.Ask("Person", "person"));
            await run.Aborted.WaitAsync(Patience);
            run.Engine.Complete(new(RunEndReason.Error, 0, null, "the worker was killed"), death: WorkerDeath.Hang);
            (await Node.Runs.NextAsync()).End(RunEndReason.Stop);
            await ReadAsync(person);
        }

        await FluentActions.Awaiting(() => ReadAsync(background)).Should().ThrowAsync<EngineException>().WithMessage("*killed*");
    }

    [Fact]
    public async Task A_background_answer_with_a_short_rest_does_not_give_way()
    {
        using GenerationStream background = await StartAsync(Background() with { MaxNewTokens = 20 });
        FakeRun first = await Node.Runs.NextAsync();

        using GenerationStream person = await StartAsync(EngineNode.Ask("Person", "person"));
        await EventuallyAsync(() => Node.Queue.Waiting == 1);
        await first.SendAsync(HelloToken, "Hello");
        bool isAborted = first.Aborted.IsCompleted;
        first.End(RunEndReason.Stop);
        (await Node.Runs.NextAsync()).End(RunEndReason.Stop);

        isAborted.Should().BeFalse("20 tokens need 2 s");
        Text(await ReadAsync(background)).Should().Be("Hello");
    }

    [Fact]
    public async Task An_answer_for_a_person_does_not_give_way()
    {
        using GenerationStream one = await StartAsync(EngineNode.Ask());
        FakeRun run = await Node.Runs.NextAsync();

        using GenerationStream other = await StartAsync(EngineNode.Ask("Other", "other"));
        await EventuallyAsync(() => Node.Queue.Waiting == 1);
        await run.SendAsync(HelloToken, "Hello");

        run.Aborted.IsCompleted.Should().BeFalse();
        run.End(RunEndReason.Stop);
        (await Node.Runs.NextAsync()).End(RunEndReason.Stop);
        Text(await ReadAsync(one)).Should().Be("Hello");
    }

    [Fact]
    public async Task If_the_client_leaves_while_its_background_answer_waits_again_the_request_leaves_the_queue()
    {
        using CancellationTokenSource leave = new();
        using GenerationStream background = await StartAsync(Background(), leave.Token);
        FakeRun first = await Node.Runs.NextAsync();
        using GenerationStream person = await StartAsync(EngineNode.Ask("Person", "person"));
        await first.Aborted.WaitAsync(Patience);
        first.End(RunEndReason.Cancelled);
        FakeRun second = await Node.Runs.NextAsync();
        await EventuallyAsync(() => Node.Queue.Waiting == 1);

        await leave.CancelAsync();

        await EventuallyAsync(() => Node.Queue.Waiting == 0);
        second.End(RunEndReason.Stop);
        await ReadAsync(person);
        await EventuallyAsync(() => !Node.Queue.IsBusy);
        Node.Runs.Count.Should().Be(2);
    }

    [Fact]
    public async Task The_next_turn_of_a_conversation_goes_before_an_older_request()
    {
        Node.Write("m/chat_template.jinja", "{% for m in messages %}{{ m.content }}{% endfor %}");
        string history = new('x', 100);
        using GenerationStream first = await StartAsync(EngineNode.Ask(history));
        FakeRun run = await Node.Runs.NextAsync();
        using GenerationStream other = await StartAsync(EngineNode.Ask(new string('y', 200), "other"));
        using GenerationStream next = await StartAsync(EngineNode.Ask(history + "Hello?", "next"));
        await EventuallyAsync(() => Node.Queue.Waiting == 2);

        await run.SendAsync(HelloToken, "Hello");
        run.End(RunEndReason.Stop);
        FakeRun second = await Node.Runs.NextAsync();
        second.End(RunEndReason.Stop);
        FakeRun third = await Node.Runs.NextAsync();
        third.End(RunEndReason.Stop);

        second.Tokens.Should().StartWith(Enumerable.Repeat((int)'x', 50));
        third.Tokens.Should().StartWith(Enumerable.Repeat((int)'y', 50));
    }

    [Fact]
    public async Task The_npu_is_kept_free_for_the_next_turn_already_after_the_first_answer_of_a_model()
    {
        Node.Write("m/chat_template.jinja", "{% for m in messages %}{{ m.content }}{% endfor %}");
        string history = new('x', 200);
        using GenerationStream first = await StartAsync(EngineNode.Ask(history));
        FakeRun run = await Node.Runs.NextAsync();
        using GenerationStream other = await StartAsync(EngineNode.Ask(new string('y', 200), "other"));
        await EventuallyAsync(() => Node.Queue.Waiting == 1);

        await run.SendAsync(HelloToken, "Hello");
        run.Engine.Complete(new(RunEndReason.Stop, 1, new(PrefillMs: 2000, PrefillTokens: 200, 0, 0, 0), null));
        await ReadAsync(first);
        using GenerationStream next = await StartAsync(EngineNode.Ask(history + "Hello?", "next"));
        FakeRun second = await Node.Runs.NextAsync();
        second.End(RunEndReason.Stop);
        Node.Time.Advance(TimeSpan.FromSeconds(1));
        (await Node.Runs.NextAsync()).End(RunEndReason.Stop);

        second.Tokens.Should().StartWith(Enumerable.Repeat((int)'x', 50));
    }

    [Fact]
    public async Task An_answer_that_gave_way_is_finished_while_the_server_drains()
    {
        using GenerationStream background = await StartAsync(Background());
        using GenerationStream person = await InterruptAsync(await Node.Runs.NextAsync());
        FakeRun second = await Node.Runs.NextAsync();
        await EventuallyAsync(() => Node.Queue.Waiting == 1);

        Node.Queue.Close();
        Task<bool> idle = Node.Queue.WhenIdleAsync(Patience);
        second.End(RunEndReason.Stop);
        FakeRun third = await Node.Runs.NextAsync();
        await third.SendAsync(World, " world");
        bool isIdleBefore = idle.IsCompleted;
        third.End(RunEndReason.Stop);

        isIdleBefore.Should().BeFalse("the drain waits for the answer");
        Text(await ReadAsync(background)).Should().Be("Hello world");
        (await idle.WaitAsync(Patience)).Should().BeTrue();
    }

    [Fact]
    public async Task An_answer_that_gave_way_fails_if_the_drain_time_is_over()
    {
        using GenerationStream background = await StartAsync(Background());
        using GenerationStream person = await InterruptAsync(await Node.Runs.NextAsync());
        await Node.Runs.NextAsync();
        await EventuallyAsync(() => Node.Queue.Waiting == 1);

        Node.Queue.Close();
        await Node.Host.UnloadAllAsync().WaitAsync(Patience);

        await FluentActions.Awaiting(() => ReadAsync(background)).Should().ThrowAsync<EngineException>().WithMessage("*unloaded while it answered*");
    }

    /// <summary>Sends one token of a background run, and starts a person's request, so that the run gives way.</summary>
    /// <returns>The answer of the person's request.</returns>
    private async Task<GenerationStream> InterruptAsync(FakeRun background)
    {
        await background.SendAsync(HelloToken, "Hello");
        GenerationStream person = await StartAsync(EngineNode.Ask("Person", "person"));
        await background.Aborted.WaitAsync(Patience);
        background.End(RunEndReason.Cancelled);
        return person;
    }

    /// <summary>Waits until a background run continues. The queue keeps the NPU free before, for the next step of the person's client.</summary>
    private async Task<FakeRun> ResumedAsync()
    {
        Task<FakeRun> next = Node.Runs.NextAsync();
        while (!next.IsCompleted)
        {
            Node.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.WhenAny(next, Task.Delay(5));
        }

        return await next;
    }

    private static GenerationRequest Background() => EngineNode.Ask() with { IsBackground = true };
}

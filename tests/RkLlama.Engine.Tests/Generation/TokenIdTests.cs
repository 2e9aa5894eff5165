using RkLlama.Engine.Generation;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using static RkLlama.Engine.Tests.Support.HeldRuns;
using static RkLlama.Engine.Tests.Support.SmallTokenizer;

namespace RkLlama.Engine.Tests.Generation;

/// <summary>Answers of a model with a tokenizer: their text comes from the ids, and they end at the model's end tokens.</summary>
public sealed class TokenIdTests : GenerationServiceFixture
{
    public TokenIdTests()
    {
        Node.Write("m/tokenizer.json", SmallTokenizer.Json);
        Node.Write("m/generation_config.json", $$"""{"eos_token_id": [{{EndOfText}}, {{EndOfTurn}}]}""");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_end_token_that_the_runtime_does_not_know_ends_the_answer_and_aborts_the_run(bool isPlain)
    {
        using GenerationStream stream = await StartAsync(isPlain ? EngineNode.Ask() with { Output = null } : EngineNode.Ask());
        FakeRun run = await Node.Runs.NextAsync();

        await run.SendAsync(HelloToken, "Hello");
        await run.SendAsync(EndOfTurn, "");
        run.Aborted.IsCompleted.Should().BeFalse("the runtime may end the run by itself");
        await run.SendAsync(World, " world");
        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled, tokens: 3);
        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be("Hello");
        (events[^1].Summary!.FinishReason, events[^1].Summary!.OutputTokens).Should().Be((FinishReason.Stop, 1));
        run.Engine.AbortCause.Should().Be(AbortCause.EndToken);
        Node.MetricsPage["rkllama_aborts_total{cause=\"end_token\"}"].Should().Be(1);
        Node.GenerationLog.All.Should().ContainSingle().Which.Should().Contain("Stop (at an end token");
    }

    [Fact]
    public async Task An_end_token_that_the_runtime_knows_aborts_nothing()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask());
        FakeRun run = await Node.Runs.NextAsync();

        await run.SendAsync(HelloToken, "Hello");
        await run.SendAsync(EndOfText, "");
        run.End(RunEndReason.Stop, tokens: 1);
        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be("Hello");
        (events[^1].Summary!.FinishReason, events[^1].Summary!.OutputTokens).Should().Be((FinishReason.Stop, 1));
        run.Engine.AbortCause.Should().BeNull();
        Node.GenerationLog.All.Should().ContainSingle().Which.Should().EndWith("Stop, request test");
    }

    [Fact]
    public async Task An_end_token_at_the_limit_of_tokens_is_a_stop()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { MaxNewTokens = 2 });
        FakeRun run = await Node.Runs.NextAsync();

        await run.SendAsync(HelloToken, "Hello");
        await run.SendAsync(EndOfTurn, "");
        run.End(RunEndReason.Length);
        List<GenerationEvent> events = await ReadAsync(stream);

        (Text(events), events[^1].Summary!.FinishReason, events[^1].Summary!.OutputTokens).Should().Be(("Hello", FinishReason.Stop, 1));
    }

    [Fact]
    public async Task A_stop_sequence_that_is_a_control_token_ends_the_answer()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { StopSequences = ["[TOOL_CALLS]"] } });
        FakeRun run = await Node.Runs.NextAsync();

        await run.SendAsync(HelloToken, "Hello");
        await run.SendAsync(ToolCalls, "");
        await run.SendAsync(World, " world");
        await run.Aborted.WaitAsync(Patience);
        run.End(RunEndReason.Cancelled);

        Text(await ReadAsync(stream)).Should().Be("Hello");
    }

    [Fact]
    public async Task The_continuation_after_a_thinking_budget_ends_at_an_end_token()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = new() { ThinkingBudget = 2 } });
        FakeRun thinking = await Node.Runs.NextAsync();
        foreach (char c in "<think>")
            await thinking.SendAsync(c, c.ToString());
        await thinking.SendAsync(HelloToken, "Hello");
        await thinking.Aborted.WaitAsync(Patience);
        thinking.End(RunEndReason.Cancelled);
        FakeRun answering = await Node.Runs.NextAsync();

        await answering.SendAsync(World, " world");
        await answering.SendAsync(EndOfTurn, "");
        await answering.SendAsync(HelloToken, "Hello");
        await answering.Aborted.WaitAsync(Patience);
        answering.End(RunEndReason.Cancelled);
        List<GenerationEvent> events = await ReadAsync(stream);

        (Text(events), events[^1].Summary!.FinishReason).Should().Be(("world", FinishReason.Stop));
        answering.Engine.AbortCause.Should().Be(AbortCause.EndToken);
    }

    [Fact]
    public async Task Text_comes_from_the_ids_and_control_tokens_are_not_content()
    {
        using GenerationStream stream = await StartAsync(EngineNode.Ask() with { Output = null });
        FakeRun run = await Node.Runs.NextAsync();

        await run.SendAsync(HelloToken, "Hello");
        await run.SendAsync(ToolCalls, "[TOOL_CALLS]");
        await run.SendAsync(Smile, "\uFFFD");
        await run.SendAsync(World, " world");
        run.End(RunEndReason.Stop);

        Text(await ReadAsync(stream)).Should().Be("Hello😀 world");
        Node.GenerationLog.All.Should().ContainSingle("there is no warning");
    }

    [Fact]
    public async Task A_model_with_other_ids_is_answered_with_the_text_of_the_runtime_and_warned_about_once()
    {
        for (int i = 0; i < 2; i++)
        {
            using GenerationStream stream = await StartAsync(EngineNode.Ask());
            FakeRun run = await Node.Runs.NextAsync();
            await run.SendAsync(World, "Bonjour");
            await run.SendAsync(EndOfTurn, " le");
            await run.SendAsync(HelloToken, " monde");
            await run.SendAsync(World, "<|im_end|>");
            await run.SendAsync(World, "user");
            await run.Aborted.WaitAsync(Patience);
            run.End(RunEndReason.Cancelled);

            Text(await ReadAsync(stream)).Should().Be("Bonjour le monde");
        }

        Node.GenerationLog.All.Where(line => line.Contains("is not that of the tokenizer", StringComparison.Ordinal)).Should().ContainSingle()
            .Which.Should().Contain("token 311").And.NotContain("Bonjour", "text of answers is not logged");
    }
}

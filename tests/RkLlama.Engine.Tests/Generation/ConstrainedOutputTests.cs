using System.Text;
using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Output;
using RkLlama.Output.StructuredJson;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Generation;

/// <summary>Answers in JSON are held to their format while the model writes them. The tokenizer has one token for each byte.</summary>
public sealed class ConstrainedOutputTests : GenerationServiceFixture
{
    private const string Person =
        """{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"}},"required":["name","age"],"additionalProperties":false}""";

    public ConstrainedOutputTests()
        : base(constrainsOutput: true) => Node.Write("m/tokenizer.json", SmallTokenizer.Json);

    [Fact]
    public async Task Valid_json_streams_and_nothing_is_aborted()
    {
        using GenerationStream stream = await StartAsync(Ask(Person));
        FakeRun run = await Node.Runs.NextAsync();
        await using IAsyncEnumerator<GenerationEvent> events = stream.ReadAsync(CancellationToken.None).GetAsyncEnumerator();

        await SendAsync(run, "\"");
        (await events.MoveNextAsync().AsTask().WaitAsync(Patience)).Should().BeTrue("the first text leaves with the first token");
        string text = ((ContentPart)events.Current.Part!).Text;
        await SendAsync(run, "Anna\",\"age\":5}");
        run.End(RunEndReason.Stop);
        while (await events.MoveNextAsync().AsTask().WaitAsync(Patience) && events.Current.Summary is null)
            text += ((ContentPart)events.Current.Part!).Text;

        text.Should().Be("""{"name":"Anna","age":5}""");
        End(events.Current).Should().Be((FinishReason.Stop, 15));
        TextOf(run.Tokens!).Should().EndWith("{\"name\":", "the start is not generated");
        Node.Runs.Count.Should().Be(1);
        run.Engine.AbortCause.Should().BeNull();
    }

    [Fact]
    public async Task A_violation_is_cut_and_the_next_run_continues_behind_the_correction()
    {
        using GenerationStream stream = await StartAsync(Ask(Person));
        FakeRun first = await Node.Runs.NextAsync();
        await SendAsync(first, "\"Anna\"\n");
        await SendAsync(first, "\"ag");
        await first.Aborted.WaitAsync(Patience);
        await SendAsync(first, "lost");
        first.End(RunEndReason.Cancelled, tokens: 14);
        FakeRun second = await Node.Runs.NextAsync();
        await SendAsync(second, "e\": 5}");
        second.End(RunEndReason.Stop);
        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be("{\"name\":\"Anna\"\n,\"age\": 5}");
        TextOf(second.Tokens!).Should().Be(TextOf(first.Tokens!) + "\"Anna\"\n,\"ag");
        End(events[^1]).Should().Be((FinishReason.Stop, 13), "neither the cut tokens nor the inserted ones count");
        first.Engine.AbortCause.Should().Be(AbortCause.Correction);
        Node.MetricsPage["rkllama_aborts_total{cause=\"correction\"}"].Should().Be(1);
    }

    [Fact]
    public async Task A_cut_inside_a_token_keeps_the_tokens_before_it()
    {
        using GenerationStream stream = await StartAsync(Ask("""{"type":"object","properties":{"greeting":{"enum":["Hello"]}},"required":["greeting"],"additionalProperties":false}"""));
        FakeRun first = await Node.Runs.NextAsync();
        await SendAsync(first, "\"");
        await first.SendAsync(SmallTokenizer.HelloToken, "Hello");
        await first.SendAsync(SmallTokenizer.World, " world");
        await first.Aborted.WaitAsync(Patience);
        first.End(RunEndReason.Cancelled);
        FakeRun second = await Node.Runs.NextAsync();
        await SendAsync(second, "}");
        second.End(RunEndReason.Stop);

        Text(await ReadAsync(stream)).Should().Be("""{"greeting":"Hello"}""");
        second.Tokens.Should().Equal([.. first.Tokens!, '"', SmallTokenizer.HelloToken, '"']);
    }

    [Fact]
    public async Task A_model_that_ends_too_early_is_continued_where_a_value_is_missing()
    {
        using GenerationStream stream = await StartAsync(Ask(Person));
        FakeRun first = await Node.Runs.NextAsync();
        await SendAsync(first, "\"Anna\"");
        await first.SendAsync(SmallTokenizer.EndOfText, "");
        first.End(RunEndReason.Stop, tokens: 6);
        FakeRun second = await Node.Runs.NextAsync();
        await SendAsync(second, "5");
        second.End(RunEndReason.Stop);
        List<GenerationEvent> events = await ReadAsync(stream);

        TextOf(second.Tokens!).Should().EndWith("{\"name\":\"Anna\",\"age\":");
        Text(events).Should().Be("""{"name":"Anna","age":5}""");
        End(events[^1]).Should().Be((FinishReason.Stop, 7));
        Node.Runs.Count.Should().Be(2, "the last brace needs no run");
    }

    [Fact]
    public async Task A_model_that_ends_too_early_is_continued_also_where_the_runtime_goes_on()
    {
        Node.Write("m/generation_config.json", $$"""{"eos_token_id": {{SmallTokenizer.EndOfTurn}}}""");
        using GenerationStream stream = await StartAsync(Ask(Person));
        FakeRun first = await Node.Runs.NextAsync();
        await SendAsync(first, "\"Anna\"");
        await first.SendAsync(SmallTokenizer.EndOfTurn, "");
        await SendAsync(first, "\nuser");
        await first.Aborted.WaitAsync(Patience);
        first.End(RunEndReason.Cancelled);
        FakeRun second = await Node.Runs.NextAsync();
        await SendAsync(second, "5");
        second.End(RunEndReason.Stop);
        List<GenerationEvent> events = await ReadAsync(stream);

        TextOf(second.Tokens!).Should().EndWith("{\"name\":\"Anna\",\"age\":");
        Text(events).Should().Be("""{"name":"Anna","age":5}""");
        events[^1].Summary!.FinishReason.Should().Be(FinishReason.Stop);
    }

    [Fact]
    public async Task A_run_that_fails_before_its_first_token_has_no_output()
    {
        using GenerationStream stream = await StartAsync(Ask(Person));
        (await Node.Runs.NextAsync()).End(RunEndReason.Error, "the NPU is gone");
        List<GenerationEvent> events = [];

        Func<Task> read = async () =>
        {
            await foreach (GenerationEvent item in stream.ReadAsync(CancellationToken.None))
                events.Add(item);
        };

        await read.Should().ThrowAsync<EngineException>();
        events.Should().BeEmpty("an error before the first output has a status of its own");
    }

    [Fact]
    public async Task Text_behind_the_document_ends_the_answer()
    {
        using GenerationStream stream = await StartAsync(Ask(Person));
        FakeRun run = await Node.Runs.NextAsync();
        await SendAsync(run, "\"A\",\"age\":5}\n\nH");
        await run.Aborted.WaitAsync(Patience);
        await SendAsync(run, "ope");
        run.End(RunEndReason.Cancelled);
        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be("""{"name":"A","age":5}""");
        events[^1].Summary!.FinishReason.Should().Be(FinishReason.Stop);
        run.Engine.AbortCause.Should().Be(AbortCause.Complete);
    }

    [Theory]
    [InlineData("\"A\",\"age\":51", "{\"name\":\"A\",\"age\":51}")]
    [InlineData("\"A\",\"age\":51}", "{\"name\":\"A\",\"age\":51}")]
    [InlineData("\"A\",\"a", "{\"name\":\"A\"")]
    [InlineData("\"Anna and", "{\"name\":\"Anna and")]
    public async Task At_the_limit_the_document_is_closed_if_the_format_allows_it(string tokens, string expected)
    {
        using GenerationStream stream = await StartAsync(Ask(Person) with { MaxNewTokens = "{\"name\":".Length + tokens.Length });
        FakeRun run = await Node.Runs.NextAsync();
        await SendAsync(run, tokens);
        run.End(RunEndReason.Length);
        List<GenerationEvent> events = await ReadAsync(stream);

        Text(events).Should().Be(expected);
        End(events[^1]).Should().Be((FinishReason.Length, tokens.Length));
    }

    [Fact]
    public async Task After_too_many_corrections_the_answer_ends()
    {
        using GenerationStream stream = await StartAsync(Ask("""{"type":"array","items":{"type":"boolean"}}"""));
        for (int i = 0; i <= ConstrainedContent.MaxCorrections; i++)
        {
            FakeRun run = await Node.Runs.NextAsync();
            await SendAsync(run, i == 0 ? "[maybe," : "true maybe,");
            await run.Aborted.WaitAsync(Patience);
            run.End(RunEndReason.Cancelled);
        }

        List<GenerationEvent> events = await ReadAsync(stream);

        events[^1].Summary!.FinishReason.Should().Be(FinishReason.Length);
        JsonDocument.Parse(Text(events)).RootElement.GetArrayLength().Should().BeGreaterThan(5);
        Node.Runs.Count.Should().Be(ConstrainedContent.MaxCorrections + 1);
    }

    [Fact]
    public async Task Reasoning_comes_before_the_document_and_is_not_checked()
    {
        Node.Write("m/chat_template.jinja", "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}A:{% endif %}{# <think></think> #}");
        using GenerationStream stream = await StartAsync(Ask(Person));
        FakeRun run = await Node.Runs.NextAsync();
        await SendAsync(run, "<think>hm</think>\n\n{\"name\":\"A\",\"age\":5}");
        run.End(RunEndReason.Stop);
        List<GenerationEvent> events = await ReadAsync(stream);

        string.Concat(events.Select(item => item.Part).OfType<ReasoningPart>().Select(part => part.Text)).Should().Be("hm");
        Text(events).Should().Be("""{"name":"A","age":5}""");
        TextOf(run.Tokens!).Should().NotEndWith("{\"name\":", "the model may reason first");
        Node.Runs.Count.Should().Be(1);
    }

    [Fact]
    public async Task A_correction_after_a_thinking_budget_continues_behind_the_closed_reasoning()
    {
        Node.Write("m/chat_template.jinja", "{% for m in messages %}{{ m.content }}{% endfor %}{# <think></think> #}");
        GenerationRequest request = Ask(Person);
        using GenerationStream stream = await StartAsync(request with { Output = request.Output! with { ThinkingBudget = 2 } });
        FakeRun thinking = await Node.Runs.NextAsync();
        await SendAsync(thinking, "<think>h");
        await thinking.Aborted.WaitAsync(Patience);
        thinking.End(RunEndReason.Cancelled);
        FakeRun answering = await Node.Runs.NextAsync();
        await SendAsync(answering, "{nam");
        await answering.Aborted.WaitAsync(Patience);
        answering.End(RunEndReason.Cancelled);
        FakeRun corrected = await Node.Runs.NextAsync();
        await SendAsync(corrected, "e\":\"A\",\"age\":5}");
        corrected.End(RunEndReason.Stop);

        Text(await ReadAsync(stream)).Should().Be("""{"name":"A","age":5}""");
        TextOf(corrected.Tokens!).Should().Be(TextOf(answering.Tokens!) + "{\"nam");
    }

    [Fact]
    public async Task A_format_that_only_a_complete_document_can_be_checked_against_is_held()
    {
        using GenerationStream stream = await StartAsync(Ask("""{"type":"array","items":{"type":"integer"},"uniqueItems":true}"""));
        await AnswerAsync("[1,1]");
        await AnswerAsync("[2,2]");

        await FluentActions.Awaiting(() => ReadAsync(stream)).Should().ThrowAsync<OutputFormatException>();
    }

    [Fact]
    public async Task Without_the_setting_the_answer_is_checked_when_it_is_complete()
    {
        await using EngineNode node = new(static options => options with { ConstrainsOutput = false });
        node.Write("m/tokenizer.json", SmallTokenizer.Json);
        using GenerationStream stream = await node.NewGenerationService().StartAsync(Ask(Person), CancellationToken.None).WaitAsync(Patience);
        FakeRun run = await node.Runs.NextAsync();
        await SendAsync(run, "{'name':'A','age':5}");
        run.End(RunEndReason.Stop);

        Text(await ReadAsync(stream)).Should().Be("""{"name":"A","age":5}""");
        run.Engine.AbortCause.Should().BeNull();
        node.Runs.Count.Should().Be(1);
    }

    private static GenerationRequest Ask(string schema) => EngineNode.Ask() with
    {
        Output = new() { Format = new(JsonSchema.Parse(JsonDocument.Parse(schema).RootElement), IsStrict: true) },
    };

    private static (FinishReason Reason, int Tokens) End(GenerationEvent last) => (last.Summary!.FinishReason, last.Summary.OutputTokens);

    private static string TextOf(IReadOnlyList<int> ids) =>
        Encoding.Latin1.GetString([.. ids.Where(static id => id < 256).Select(static id => (byte)id)]);

    private static async Task SendAsync(FakeRun run, string text)
    {
        foreach (char c in text)
            await run.SendAsync(c, c.ToString());
    }
}

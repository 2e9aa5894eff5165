using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;

namespace RkLlama.Engine.Tests.Generation;

public sealed class StructuredOutputTests : IGenerationSink
{
    private static readonly GenerationSummary Summary =
        new(FinishReason.Stop, 5, 2, 0, null, 1.5, new(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero));

    private readonly List<GenerationEvent> _sent = [];

    void IGenerationSink.Write(GenerationEvent[] events) => _sent.AddRange(events);

    [Fact]
    public void Reasoning_is_sent_at_once_and_content_is_held_back()
    {
        StructuredOutput output = New(isStrict: true);

        Write(output, new ReasoningPart("hm"), new ContentPart("{\"age\""));
        Write(output, new ContentPart(":3}"));
        _sent.Select(item => item.Part).Should().Equal(new ReasoningPart("hm"));
        output.Check(FinishReason.Stop, CpuBudget.Unlimited()).Should().BeNull();
        output.Send(Summary).Should().BeNull();

        output.Content.Should().Be("{\"age\":3}");
        _sent[1..].Should().Equal(new GenerationEvent(new ContentPart("{\"age\":3}"), 2, 1.5, null));
    }

    [Fact]
    public void An_answer_that_reached_its_limit_is_sent_without_validation()
    {
        StructuredOutput output = New(isStrict: true);
        Write(output, new ContentPart("{\"age\""));

        output.Check(FinishReason.Length, CpuBudget.Unlimited()).Should().BeNull();
        output.Send(Summary).Should().BeNull();

        _sent.Select(item => item.Part).Should().Equal(new ContentPart("{\"age\""));
    }

    [Fact]
    public void Content_that_violates_a_strict_schema_is_not_sent()
    {
        StructuredOutput output = New(isStrict: true);
        Write(output, new ContentPart("{\"age\":\"old\"}"));

        output.Check(FinishReason.Stop, CpuBudget.Unlimited()).Should().Contain("/age must be integer");

        output.Invoking(one => one.Send(Summary)).Should().Throw<OutputFormatException>().Which.Parameter.Should().Be("response_format");
        _sent.Should().BeEmpty();
    }

    [Fact]
    public void Content_that_violates_another_schema_is_sent_with_its_problem()
    {
        StructuredOutput output = New(isStrict: false);
        Write(output, new ContentPart("{\"age\":\"old\"}"));
        output.Check(FinishReason.Stop, CpuBudget.Unlimited());

        output.Send(Summary).Should().Contain("/age must be integer");

        _sent.Should().ContainSingle();
    }

    [Fact]
    public void A_retry_replaces_the_content()
    {
        StructuredOutput output = New(isStrict: true);
        Write(output, new ContentPart("no"));
        output.Check(FinishReason.Stop, CpuBudget.Unlimited()).Should().Be("it is not JSON");

        output.BeginRetry();
        Write(output, new ContentPart("{\"age\":4}"));
        output.Check(FinishReason.Stop, CpuBudget.Unlimited()).Should().BeNull();
        output.Send(Summary);

        _sent.Select(item => item.Part).Should().Equal(new ContentPart("{\"age\":4}"));
    }

    [Fact]
    public void A_retry_without_json_keeps_what_the_first_answer_had_unless_the_schema_is_strict()
    {
        StructuredOutput lenient = New(isStrict: false), strict = New(isStrict: true);
        foreach (StructuredOutput output in (StructuredOutput[])[lenient, strict])
        {
            Write(output, new ContentPart("{\"age\":\"old\"}"));
            output.Check(FinishReason.Stop, CpuBudget.Unlimited());
            output.BeginRetry();
            Write(output, new ContentPart("I cannot."));
            output.Check(FinishReason.Stop, CpuBudget.Unlimited()).Should().Be("it is not JSON");
        }

        lenient.Send(Summary).Should().Contain("/age must be integer");
        _sent.Select(item => item.Part).Should().Equal(new ContentPart("{\"age\":\"old\"}"));
        strict.Invoking(one => one.Send(Summary)).Should().Throw<OutputFormatException>().WithMessage("*it is not JSON*");
    }

    private StructuredOutput New(bool isStrict)
    {
        using JsonDocument schema = JsonDocument.Parse("""{"type":"object","properties":{"age":{"type":"integer"}},"required":["age"]}""");
        return new(new(JsonSchema.Parse(schema.RootElement.Clone()), isStrict) { Parameter = "response_format" }, this);
    }

    private static void Write(StructuredOutput output, params OutputPart[] parts) => output.Write([.. parts.Select(part => new GenerationEvent(part, 1, 1, null))]);
}

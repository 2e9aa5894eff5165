using RkLlama.Engine.Generation;
using RkLlama.Output;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Tests.Http;

public sealed class CompleteOutputTests
{
    [Fact]
    public void A_closing_tag_without_an_opening_one_makes_the_content_before_it_reasoning()
    {
        CompleteOutput output = new();

        foreach (OutputPart part in (OutputPart[])[new ContentPart("hm"), new ContentPart("\n"), new UnopenedReasoningPart(), new ContentPart("Hello")])
            output.Add(new GenerationEvent(part, 1, 1, null));
        output.Add(new GenerationEvent(new ToolCallPart(0, "call_1", "f", "{}"), 1, 1, null));

        (output.Reasoning, output.Content).Should().Be(("hm", "Hello"));
        output.ToolCalls.Should().ContainSingle();
    }
}

using RkLlama.Output.Reasoning;
using RkLlama.Output.Tests.Support;
using static RkLlama.Output.Tests.Support.VariantForms;

namespace RkLlama.Output.Tests.FieldReports;

/// <summary>Reasoning as real models write it. Each row has the id of a report in the table of field reports. ⏎ is a line break.</summary>
public sealed class ReportedReasoningTests
{
    [Theory]
    [InlineData("K01", "<thinking>hm</thinking>Hello")]
    [InlineData("K01", "<thinking>⏎hm⏎</thinking>⏎⏎Hello")]
    [InlineData("K01", "<thinking>hm⏎</think>⏎Hello")]
    [InlineData("K02", "<thought>hm</thought>Hello")]
    [InlineData("K02", "⏎<thought>⏎hm⏎</thought>⏎Hello")]
    [InlineData("K02", "<reasoning>hm</reasoning>Hello")]
    [InlineData("K06", "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hello")]
    [InlineData("K06", "<|channel|>analysis<|message|>hm<|channel|>final<|message|>Hello")]
    [InlineData("K06", "<|channel>thought⏎hm<channel|>Hello")]
    [InlineData("K07", "<seed:think>hm</seed:think>Hello")]
    [InlineData("K07", "<seed:think>⏎hm⏎</seed:think>⏎Hello")]
    [InlineData("K07", "<mm:think>hm</mm:think>Hello")]
    [InlineData("K08", "[THINK]hm[/THINK]Hello")]
    [InlineData("K08", "[THINK]⏎hm[/THINK]⏎⏎Hello")]
    [InlineData("K08", "⏎[THINK]hm[/THINK] Hello")]
    [InlineData("K16", "◁think▷hm◁/think▷Hello")]
    [InlineData("K16", "◁think▷⏎hm⏎◁/think▷⏎Hello")]
    [InlineData("K16", "◁think▷hm◁/think▷⏎⏎Hello")]
    [InlineData("K30", "<|thought_start|>hm<|thought_end|>Hello")]
    [InlineData("K30", "<|thought_start|>⏎hm⏎<|thought_end|>⏎Hello")]
    [InlineData("K30", "<|begin_of_thought|>hm<|end_of_thought|>⏎Hello")]
    public void Thoughts_between_the_tags_of_any_family_are_reasoning(string id, string answer) => Check(id, new(), answer, "hm", "Hello", "rc");

    [Theory]
    [InlineData("K11", "<think>a</think>⏎<think>b</think>⏎Hello", "a⏎b")]
    [InlineData("K11", "<think>a</think><think>b</think><think>c</think>Hello", "abc")]
    [InlineData("K11", "[THINK]a[/THINK]⏎⏎[THINK]b[/THINK]Hello", "a⏎⏎b")]
    public void Blocks_in_a_row_are_reasoning(string id, string answer, string reasoning) => Check(id, new(), answer, Answer(reasoning), "Hello", "rc");

    /// <summary>The text before the tag has already been streamed. An answer that is not streamed moves it to the reasoning.</summary>
    [Theory]
    [InlineData("K03", "hm⏎</think>⏎⏎Hello", "hm⏎Hello", "cuc")]
    [InlineData("K03", "</think>⏎⏎Hello", "Hello", "uc")]
    [InlineData("K03", "a⏎b⏎</think>Hello", "a⏎bHello", "cuc")]
    public void A_closing_tag_alone_ends_reasoning(string id, string answer, string content, string order)
    {
        PipelineResult result = Pipeline.Run(new() { ModelTag = ReasoningTags.All[0] }, Answer(answer));

        result.Order.Should().Be(order, id);
        result.Content.ReplaceLineEndings("").Should().Be(content.Replace("⏎", "", StringComparison.Ordinal), id);
    }

    [Theory]
    [InlineData("K23", "Hello", "Hello")]
    [InlineData("K23", "⏎Hello⏎", "Hello⏎")]
    [InlineData("K23", "Hello </thin", "Hello </thin")]
    public void Without_a_closing_tag_the_text_after_the_tag_of_the_prompt_is_reasoning(string id, string answer, string reasoning) =>
        Check(id, new() { StartTag = ReasoningTags.All[0] }, answer, Answer(reasoning).TrimEnd('\n'), "", "r");

    private static void Check(string id, OutputPipelineSettings settings, string form, string reasoning, string content, string order)
    {
        string answer = Answer(form);

        PipelineResult whole = Pipeline.Run(settings, answer);

        (whole.Reasoning, whole.Content.TrimStart(), whole.Order).Should().Be((reasoning, content, order), id);
        Pipeline.Run(settings, answer.Select(static c => c.ToString())).Should().BeEquivalentTo(whole, id);
    }
}

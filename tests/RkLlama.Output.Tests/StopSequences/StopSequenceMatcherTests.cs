using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests.StopSequences;

public sealed class StopSequenceMatcherTests
{
    [Theory]
    [InlineData("one END two", "one ", "END", "END")]
    [InlineData("END", "", "END", "END")]
    [InlineData("one EN", "one EN", null, "END")]
    [InlineData("EENEND!", "EEN", "END", "END")]
    [InlineData("a\n\nb", "a", "\n\n", "\n\n", "b")]
    [InlineData("xabcx", "xa", "bc", "abcd", "bc")]
    [InlineData("xabcd", "x", "abcd", "abcd", "bc")]
    [InlineData("xabc", "xa", "bc", "abcd", "bc")]
    [InlineData("xab", "x", "ab", "ab", "abc")]
    [InlineData("aabaaab!", "aab", "aaab", "aaab", "bb")]
    [InlineData("text", "text", null, "", "TEXT")]
    public void The_text_ends_before_the_sequence_that_starts_first(string answer, string content, string? found, params string[] stops)
    {
        PipelineResult result = Pipeline.Run(new() { StopSequences = stops }, answer.Select(c => c.ToString()));

        result.Content.Should().Be(content);
        result.Stop.Should().Be(found);
    }

    [Fact]
    public void Only_text_that_may_start_a_sequence_is_held_back()
    {
        OutputPipelineSettings settings = new() { StopSequences = ["\nUser:"] };

        Pipeline.ContentSoFar(settings, "Hi\nUs").Should().Be("Hi");
        Pipeline.ContentSoFar(settings, "Hi\nUs", "e").Should().Be("Hi");
        Pipeline.ContentSoFar(settings, "Hi\nUs", "e", "d").Should().Be("Hi\nUsed");
    }

    [Fact]
    public void IsStopped_is_set_with_the_token_that_completes_the_sequence()
    {
        OutputPipeline pipeline = new(new() { StopSequences = ["END"] });
        List<OutputPart> parts = [];

        pipeline.Add(new("a EN", OutputTokenKind.Text), parts);
        bool before = pipeline.IsStopped;
        pipeline.Add(new("D b", OutputTokenKind.Text), parts);
        bool after = pipeline.IsStopped;
        pipeline.Add(new("more", OutputTokenKind.Text), parts);
        pipeline.Finish(parts);

        (before, after).Should().Be((false, true));
        parts.Should().Equal(new ContentPart("a "));
    }

    [Fact]
    public void A_sequence_in_reasoning_does_not_stop_the_output()
    {
        PipelineResult result = Pipeline.Run(new() { StopSequences = ["END"] }, "<think>END</think>a END");

        result.Reasoning.Should().Be("END");
        result.Content.Should().Be("a ");
    }

    [Fact]
    public void A_sequence_in_a_call_does_not_stop_the_output_and_calls_after_a_stop_are_ignored()
    {
        string call = """<tool_call>{"name": "get_time", "arguments": {"zone": "END"}}</tool_call>""";

        PipelineResult result = Pipeline.Run(Pipeline.SettingsFor(ToolFamilies.Hermes) with { StopSequences = ["END"] }, "a", call, "b END", call);

        result.Content.Should().Be("ab ");
        result.Calls.Should().Equal("""get_time{"zone":"END"}""");
        result.Stop.Should().Be("END");
    }

    [Fact]
    public void A_sequence_does_not_match_across_a_call()
    {
        PipelineResult result = Pipeline.Run(
            Pipeline.SettingsFor(ToolFamilies.Hermes) with { StopSequences = ["END"] }, "E", """<tool_call>{"name": "get_time"}</tool_call>""", "ND");

        result.Content.Should().Be("END");
        result.Order.Should().Be("ctc");
        result.Stop.Should().BeNull();
    }

    [Fact]
    public void The_end_of_the_output_completes_a_pending_match()
    {
        OutputPipeline pipeline = new(new() { StopSequences = ["abcd", "bc"] });
        List<OutputPart> parts = [];

        pipeline.Add(new("abc", OutputTokenKind.Text), parts);
        pipeline.Finish(parts);

        parts.Should().Equal(new ContentPart("a"));
        pipeline.StopSequence.Should().Be("bc");
    }

    [Fact]
    public void Random_texts_stop_where_IndexOf_finds_the_first_sequence()
    {
        Random random = new(7);
        for (int i = 0; i < 3000; i++)
        {
            string text = Letters(random, 30);
            string[] stops = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Letters(random, 4)).Where(stop => stop.Length > 0)];
            int first = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();

            PipelineResult result = Pipeline.Run(new() { StopSequences = stops }, Pipeline.RandomTokens(text, random));

            result.Content.Should().Be(first < 0 ? text : text[..first], "of '{0}' with {1}", text, string.Join('|', stops));
        }
    }

    private static string Letters(Random random, int maxLength) =>
        string.Concat(Enumerable.Range(0, random.Next(maxLength + 1)).Select(_ => (char)('a' + random.Next(3))));
}

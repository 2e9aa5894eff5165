using RkLlama.Output.ToolCalls;
using RkLlama.Prompts.Jinja.Library;

namespace RkLlama.Output.Tests;

public sealed class StopTests
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
    public void The_text_ends_before_the_sequence_that_begins_first(string answer, string content, string? met, params string[] stops)
    {
        Sorted sorted = Answers.Sort(new() { StopSequences = stops }, answer.Select(c => c.ToString()));

        sorted.Content.Should().Be(content);
        sorted.Stop.Should().Be(met);
    }

    [Fact]
    public void Only_what_may_begin_a_sequence_is_held_back()
    {
        OutputSettings settings = new() { StopSequences = ["\nUser:"] };

        Answers.SoFar(settings, "Hi\nUs").Should().Be("Hi");
        Answers.SoFar(settings, "Hi\nUs", "e").Should().Be("Hi");
        Answers.SoFar(settings, "Hi\nUs", "e", "d").Should().Be("Hi\nUsed");
    }

    [Fact]
    public void The_caller_learns_at_once_that_the_answer_is_over()
    {
        OutputPipeline pipeline = new(new() { StopSequences = ["END"] });
        List<OutputPart> parts = [];

        pipeline.Add("a EN", parts);
        bool before = pipeline.IsStopped;
        pipeline.Add("D b", parts);
        bool after = pipeline.IsStopped;
        pipeline.Add("more", parts);
        pipeline.Finish(parts);

        (before, after).Should().Be((false, true));
        parts.Should().Equal(new ContentPart("a "));
    }

    [Fact]
    public void Reasoning_does_not_stop_the_answer()
    {
        Sorted sorted = Answers.Sort(new() { StopSequences = ["END"] }, "<think>END</think>a END");

        sorted.Reasoning.Should().Be("END");
        sorted.Content.Should().Be("a ");
    }

    [Fact]
    public void A_call_does_not_stop_the_answer_and_what_follows_a_stop_is_no_call()
    {
        string call = """<tool_call>{"name": "get_time", "arguments": {"zone": "END"}}</tool_call>""";

        Sorted sorted = Answers.Sort(Answers.With(ToolSyntax.Hermes) with { StopSequences = ["END"] }, "a", call, "b END", call);

        sorted.Content.Should().Be("ab ");
        sorted.Calls.Should().Equal("""get_time{"zone":"END"}""");
        sorted.Stop.Should().Be("END");
    }

    [Fact]
    public void A_sequence_does_not_reach_across_a_call()
    {
        Sorted sorted = Answers.Sort(
            Answers.With(ToolSyntax.Hermes) with { StopSequences = ["END"] }, "E", """<tool_call>{"name": "get_time"}</tool_call>""", "ND");

        sorted.Content.Should().Be("END");
        sorted.Order.Should().Be("ctc");
        sorted.Stop.Should().BeNull();
    }

    [Fact]
    public void The_end_of_the_answer_may_decide_for_a_sequence()
    {
        OutputPipeline pipeline = new(new() { StopSequences = ["abcd", "bc"] });
        List<OutputPart> parts = [];

        pipeline.Add("abc", parts);
        pipeline.Finish(parts);

        parts.Should().Equal(new ContentPart("a"));
        pipeline.StopSequence.Should().Be("bc");
    }

    [Fact]
    public void Random_texts_stop_where_a_plain_search_finds_the_first_sequence()
    {
        Random random = new(7);
        for (int i = 0; i < 3000; i++)
        {
            string text = Letters(random, 30);
            string[] stops = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Letters(random, 4)).Where(stop => stop.Length > 0)];
            int first = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();

            Sorted sorted = Answers.Sort(new() { StopSequences = stops }, Answers.Cut(text, random));

            sorted.Content.Should().Be(first < 0 ? text : text[..first], "of '{0}' with {1}", text, string.Join('|', stops));
        }
    }

    private static string Letters(Random random, int longest) =>
        string.Concat(Enumerable.Range(0, random.Next(longest + 1)).Select(_ => (char)('a' + random.Next(3))));
}

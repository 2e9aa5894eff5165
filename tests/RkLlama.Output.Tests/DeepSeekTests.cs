using RkLlama.Output.ToolCalls;
using RkLlama.Prompts.Jinja.Library;

namespace RkLlama.Output.Tests;

public sealed class DeepSeekTests
{
    private const string Begin = "<｜tool▁calls▁begin｜>";
    private const string End = "<｜tool▁calls▁end｜>";

    private static readonly OutputSettings DeepSeek = Answers.With(ToolSyntax.DeepSeek);

    [Theory]
    [InlineData(Begin + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n{\"a\": \"```\"}\n```<｜tool▁call▁end｜>" + End)]
    [InlineData(Begin + "<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{\"a\": \"```\"}<｜tool▁call▁end｜>" + End)]
    [InlineData(Begin + "\n<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>\n```json\n{\"a\": \"```\"}\n```\n<｜tool▁call▁end｜>\n" + End)]
    [InlineData(Begin + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time{\"a\": \"```\"}<｜tool▁call▁end｜>" + End)]
    [InlineData("<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{\"a\": \"```\"}<｜tool▁call▁end｜>\n")]
    [InlineData("<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{\"a\": \"```\"}<｜tool▁call▁end｜>" + End)]
    [InlineData(Begin + "<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{\"a\": \"```\"}<｜tool▁call▁end｜><｜tool")]
    [InlineData(Begin + "<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{\"a\": \"```\"}\n``")]
    [InlineData(Begin + "<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{\"a\": \"```\"")]
    public void A_call_is_found_with_and_without_its_fence_and_its_end(string answer)
    {
        Sorted sorted = Answers.Sort(DeepSeek, "Hi\n\n", answer);

        sorted.Calls.Should().Equal("""get_time{"a":"```"}""");
        sorted.Content.Should().Be("Hi");
    }

    [Theory]
    [InlineData(Begin, End)]
    [InlineData("", "")]
    public void Several_calls_stand_in_a_row(string begin, string end)
    {
        string first = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n{}\n```<｜tool▁call▁end｜>\n";
        string second = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{}\n```<｜tool▁call▁end｜>";

        Sorted sorted = Answers.Sort(DeepSeek, begin, first, second, end);

        sorted.Calls.Should().Equal("get_time{}", "get_weather{}");
        sorted.Content.Should().BeEmpty();
    }

    [Theory]
    [InlineData(Begin)]
    [InlineData(Begin + End)]
    [InlineData(Begin + "so" + End)]
    [InlineData(Begin + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n{\"a")]
    [InlineData(Begin + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_ti")]
    [InlineData(Begin + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>rm_rf\n```json\n{}\n```<｜tool▁call▁end｜>" + End)]
    [InlineData(Begin + "<｜tool▁call▁begin｜>rm_rf<｜tool▁sep｜>{}<｜tool▁call▁end｜>" + End)]
    [InlineData(Begin + "<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{x}<｜tool▁call▁end｜>" + End)]
    [InlineData(Begin + "<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{}so<｜tool▁call▁end｜>" + End)]
    [InlineData(Begin + "<｜tool▁call▁begin｜>get_time\n<｜tool▁sep｜>{}")]
    [InlineData("<｜tool▁ca")]
    [InlineData("<｜User｜>")]
    public void What_is_no_call_is_content_once_and_whole(string answer)
    {
        Sorted sorted = Answers.Sort(DeepSeek, "Hi\n\n", answer);

        sorted.Content.Should().Be("Hi\n\n" + answer);
        sorted.Calls.Should().BeEmpty();
    }

    [Fact]
    public void A_call_after_the_reasoning_is_found()
    {
        Sorted sorted = Answers.Sort(
            DeepSeek with { StartsInReasoning = true }, "Hm.\n</think>\n\n", Begin, "<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{}<｜tool▁call▁end｜>", End);

        sorted.Order.Should().Be("rt");
    }
}

using RkLlama.Output.Reasoning;
using RkLlama.Output.Tests.Support;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class DeepSeekToolCallParserTests
{
    private const string Begin = "<｜tool▁calls▁begin｜>";
    private const string End = "<｜tool▁calls▁end｜>";

    private static readonly OutputPipelineSettings DeepSeek = Pipeline.SettingsFor(Pipeline.Family("DeepSeek"));

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
    public void A_call_is_parsed_with_and_without_fence_and_end_token(string answer)
    {
        PipelineResult result = Pipeline.Run(DeepSeek, "Hi\n\n", answer);

        result.Calls.Should().Equal("""get_time{"a":"```"}""");
        result.Content.Should().Be("Hi");
    }

    [Theory]
    [InlineData(Begin, End)]
    [InlineData("", "")]
    public void Consecutive_calls_are_parsed(string begin, string end)
    {
        string first = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n{}\n```<｜tool▁call▁end｜>\n";
        string second = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{}\n```<｜tool▁call▁end｜>";

        PipelineResult result = Pipeline.Run(DeepSeek, begin, first, second, end);

        result.Calls.Should().Equal("get_time{}", "get_weather{}");
        result.Content.Should().BeEmpty();
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
    [InlineData(Begin + "<｜tool▁call▁begin｜>get_time\nso<｜tool▁sep｜>{}")]
    [InlineData("<｜tool▁ca")]
    [InlineData("<｜User｜>")]
    public void Text_that_is_not_a_call_is_content_and_unchanged(string answer)
    {
        PipelineResult result = Pipeline.Run(DeepSeek, "Hi\n\n", answer);

        result.Content.Should().Be("Hi\n\n" + answer);
        result.Calls.Should().BeEmpty();
    }

    [Fact]
    public void A_call_after_reasoning_is_parsed()
    {
        PipelineResult result = Pipeline.Run(
            DeepSeek with { StartTag = ReasoningTags.All[0] }, "Hm.\n</think>\n\n", Begin, "<｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{}<｜tool▁call▁end｜>", End);

        result.Order.Should().Be("rt");
    }
}

using RkLlama.Engine.Models;

namespace RkLlama.Engine.Tests.Models;

public sealed class ModelNameTests
{
    [Theory]
    [InlineData("Qwen2.5-1.5B", true)]
    [InlineData("Zürich 東京", true)]
    [InlineData("..hidden", true)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("a\\b", false)]
    [InlineData("a\nb", false)]
    [InlineData("a\uFFFDb", false)]
    public void A_plain_name_stays_inside_its_directory(string? name, bool isPlain) => ModelName.IsPlain(name).Should().Be(isPlain);

    [Theory]
    [InlineData("m", "m:latest")]
    [InlineData("qwen2.5:1.5b", "qwen2.5:1.5b")]
    [InlineData("x:latest", "x:latest")]
    public void Only_a_name_without_a_tag_gets_one(string name, string expected) => ModelName.WithTag(name).Should().Be(expected);

    [Theory]
    [InlineData("m:latest", "m")]
    [InlineData("m:LATEST", "m")]
    [InlineData("m", "m")]
    [InlineData("m:v2", "m:v2")]
    public void Only_the_tag_latest_is_removed(string name, string expected) => ModelName.WithoutLatest(name).Should().Be(expected);
}

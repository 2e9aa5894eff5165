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
}

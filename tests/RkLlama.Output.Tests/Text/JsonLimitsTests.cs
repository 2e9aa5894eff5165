using System.Text.Json;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.Text;

namespace RkLlama.Output.Tests.Text;

public sealed class JsonLimitsTests
{
    [Theory]
    [InlineData("[", "]", 64, false)]
    [InlineData("[", "]", 65, true)]
    [InlineData("[", "]", 5_000, true)]
    [InlineData("{\"a\":", "}", 64, false)]
    [InlineData("{\"a\":", "}", 65, true)]
    [InlineData("{\"a\":", "}", 5_000, true)]
    public void Nesting_is_limited_to_64_levels(string open, string close, int depth, bool isTooDeep)
    {
        string json = string.Concat(Enumerable.Repeat(open, depth)) + "1" + string.Concat(Enumerable.Repeat(close, depth));
        using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = int.MaxValue });

        SmallStack.Run(() => JsonLimits.IsTooDeep(document.RootElement)).Should().Be(isTooDeep);
    }
}

using System.Text.Json;
using RkLlama.Output.Text;

namespace RkLlama.Output.Tests.Text;

public sealed class JsonTextTests
{
    [Fact]
    public void Minify_removes_only_white_space_between_tokens() =>
        JsonText.Minify("{ \"a b\" :\t[ 1.50,\r\n \"\\\" x\" ] }").Should().Be("{\"a b\":[1.50,\"\\\" x\"]}");

    [Fact]
    public void Quote_escapes_only_what_json_requires() =>
        JsonText.Quote("é <b> 東 🌦 \u2028 \"\n\\\u0001").Should().Be("\"é <b> 東 🌦 \u2028 \\\"\\n\\\\\\u0001\"");

    [Fact]
    public void Quote_escapes_half_of_a_surrogate_pair() => JsonText.Quote("a\ud83c b\udf26").Should().Be("\"a\\ud83c b\\udf26\"");

    [Theory]
    [InlineData("{}", "object")]
    [InlineData("[]", "array")]
    [InlineData("\"\"", "string")]
    [InlineData("1.5", "number")]
    [InlineData("false", "boolean")]
    [InlineData("null", "null")]
    public void TypeName_is_the_name_in_a_schema(string json, string name)
    {
        using JsonDocument document = JsonDocument.Parse(json);

        JsonText.TypeName(document.RootElement.ValueKind).Should().Be(name);
    }
}

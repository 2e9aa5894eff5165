using System.Text.Json;
using RkLlama.Output.ToolCalls.Arguments;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class ParameterValueTests
{
    [Theory]
    [InlineData("""{"type":"string"}""", "1", "\"1\"")]
    [InlineData("""{"type":"integer"}""", "1", "1")]
    [InlineData("""{"oneOf":[{"type":"boolean"},{"type":"array"}]}""", "[1, 2]", "[1,2]")]
    [InlineData("""{"enum":[1,"a"]}""", "1", "1")]
    [InlineData("{}", "True", "true")]
    [InlineData(null, "text", "\"text\"")]
    public void The_text_becomes_json_of_an_allowed_type(string? schema, string text, string json) =>
        ParameterValue.ToJson(text, schema is null ? null : Parse(schema)).Should().Be(json);

    [Fact]
    public void Types_are_read_from_one_level_of_alternatives_only()
    {
        JsonElement schema = Parse("""{"type":"string","anyOf":[{"anyOf":[{"type":"integer"}]}]}""");

        ParameterValue.ToJson("1", schema).Should().Be("\"1\"");
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(100_000, false)]
    public void Text_that_nests_deeper_than_64_levels_is_a_string(int depth, bool isArray)
    {
        string text = new string('[', depth) + new string(']', depth);

        ParameterValue.ToJson(text, null).Should().Be(isArray ? text : $"\"{text}\"");
    }

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}

using System.Text.Json;
using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class ToolCallReaderTests
{
    private readonly List<ParsedToolCall> _calls = [];

    [Fact]
    public void An_array_with_one_invalid_call_adds_none()
    {
        ToolCallReader reader = new(new HashSet<string> { "f" }, null);

        reader.TryRead("""[{"name":"f"},{"a":"g"}]""", needsArguments: false, _calls).Should().BeFalse();
        reader.TryRead("""[{"name":"f"},{"name":"f","arguments":{"a": 1}}]""", needsArguments: false, _calls).Should().BeTrue();

        _calls.Should().Equal(new("f", "{}"), new ParsedToolCall("f", """{"a":1}"""));
    }

    [Fact]
    public void Without_names_every_name_but_the_empty_one_is_offered()
    {
        ToolCallReader reader = new(null, null);

        (reader.AcceptsAnyName, reader.IsOffered("x"), reader.IsOffered("")).Should().Be((true, true, false));
    }

    [Theory]
    [InlineData("f", "a", "string")]
    [InlineData("f", "b", null)]
    [InlineData("g", "a", null)]
    public void The_schema_of_a_parameter_is_found(string tool, string parameter, string? type)
    {
        using JsonDocument schema = JsonDocument.Parse("""{"type":"object","properties":{"a":{"type":"string"}}}""");
        ToolCallReader reader = new(null, new Dictionary<string, JsonElement> { ["f"] = schema.RootElement });

        reader.Schema(tool, parameter)?.GetProperty("type").GetString().Should().Be(type);
        (reader.Schema(tool, parameter) is null).Should().Be(type is null);
    }

    [Fact]
    public void Arguments_in_a_string_nest_at_most_64_levels()
    {
        ToolCallReader reader = new(null, null);
        string deep = string.Concat(Enumerable.Repeat("{\"a\":", 65)) + "1" + new string('}', 65);

        reader.TryAdd("f", deep, _calls).Should().BeFalse();
        reader.TryRead($$"""{"name":"f","arguments":{{JsonText.Quote(deep)}}}""", needsArguments: true, _calls).Should().BeFalse();

        _calls.Should().BeEmpty();
    }
}

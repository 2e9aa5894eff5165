using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class PartialJsonScannerTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("[1, -2.5e3, true, null, \"a\\\"]\", {\"b\": []}]")]
    [InlineData(" {\"a\": {\"b\": [\"}\"]}}")]
    public void The_status_is_complete_at_the_last_bracket(string json)
    {
        PartialJsonScanner scanner = new();

        JsonScanStatus[] statuses = [.. json.Select(scanner.Feed)];

        statuses.SkipLast(1).Should().NotContain([JsonScanStatus.Complete, JsonScanStatus.Invalid]);
        statuses[^1].Should().Be(JsonScanStatus.Complete);
        scanner.Text.Should().Be(json);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("\"")]
    [InlineData("{1")]
    [InlineData("{\"a\" 1")]
    [InlineData("[1 :")]
    [InlineData("[}")]
    [InlineData("{\"a\"\"")]
    [InlineData("{}}")]
    public void An_error_is_detected_at_its_character(string json)
    {
        PartialJsonScanner scanner = new();

        JsonScanStatus[] statuses = [.. json.Select(scanner.Feed)];

        statuses.SkipLast(1).Should().NotContain(JsonScanStatus.Invalid);
        statuses[^1].Should().Be(JsonScanStatus.Invalid);
    }

    [Fact]
    public void Names_and_strings_of_objects_are_reported_with_their_depth()
    {
        PartialJsonScanner scanner = new();
        List<(string, int)> reported = [];

        foreach (char c in """{"name": "f", "arguments": {"name": "inner"}, "x": ["y"]}""")
        {
            if (scanner.Feed(c) is JsonScanStatus.Key or JsonScanStatus.StringValue)
                reported.Add((scanner.LastString, scanner.Depth));
        }

        reported.Should().Equal(("name", 1), ("f", 1), ("arguments", 1), ("name", 2), ("inner", 2), ("x", 1));
    }

    [Theory]
    [InlineData("""{"a": [1, {"b": true""", """{"a": [1, {"b": true}]}""")]
    [InlineData("""{"a": "b" """, """{"a": "b" }""")]
    [InlineData("""{"a": "b""", null)]
    [InlineData("""{"a":""", null)]
    [InlineData("""{"a": 1,""", """{"a": 1,}""")]
    [InlineData("""[1, """, """[1, ]""")]
    [InlineData("{", null)]
    public void Missing_closing_brackets_are_added_and_nothing_else(string json, string? closed)
    {
        PartialJsonScanner scanner = new();
        foreach (char c in json)
            scanner.Feed(c);

        scanner.WithClosingBrackets().Should().Be(closed);
    }

    [Theory]
    [InlineData("{'a': True, b: None,}")]
    [InlineData("{\"a\": \"one\ntwo\" \"b\": 1}")]
    [InlineData("[{\"a\": {\"b\": 1}]")]
    [InlineData("{“a”: [.5, +1,, 2,]}")]
    [InlineData("[{\"a\": 1}}, {\"b\": 2}}}]")]
    [InlineData("{\"a\": 1], \"b\": 2}")]
    [InlineData("{\"a\": \"the \"big\" one: \"x\"!\", 'b': 'it's'}")]
    [InlineData("{{\"a\": {{\"b\": 1}}, \"c\": 2}}")]
    [InlineData("{\"a\": 1, // one }\n\"b\": 2 /* ** } */}")]
    public void Text_that_can_be_repaired_is_complete_at_its_last_bracket(string json)
    {
        PartialJsonScanner scanner = new();

        JsonScanStatus[] statuses = [.. json.Select(scanner.Feed)];

        statuses.SkipLast(1).Should().NotContain([JsonScanStatus.Complete, JsonScanStatus.Invalid]);
        statuses[^1].Should().Be(JsonScanStatus.Complete);
    }

    [Theory]
    [InlineData(64, false)]
    [InlineData(65, true)]
    public void Nesting_is_limited_to_64_levels(int depth, bool isInvalid)
    {
        PartialJsonScanner scanner = new();

        JsonScanStatus[] statuses = [.. new string('[', depth).Select(scanner.Feed)];

        statuses[^1].Should().Be(isInvalid ? JsonScanStatus.Invalid : JsonScanStatus.Incomplete);
    }
}

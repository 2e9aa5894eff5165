using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Tests.Support;

namespace RkLlama.Output.Tests.StructuredJson;

public sealed class JsonSchemaParserTests
{
    [Theory]
    [InlineData("{\"not\":", "}", 63, false)]
    [InlineData("{\"not\":", "}", 64, true)]
    [InlineData("{\"not\":", "}", 5_000, true)]
    [InlineData("{\"anyOf\":[", "]}", 31, false)]
    [InlineData("{\"anyOf\":[", "]}", 32, true)]
    [InlineData("{\"anyOf\":[", "]}", 5_000, true)]
    [InlineData("{\"properties\":{\"a\":", "}}", 5_000, true)]
    public void A_schema_nests_at_most_64_levels(string open, string close, int repetitions, bool isTooDeep)
    {
        using JsonDocument schema = Nest(open, "{\"type\":\"null\"}", close, repetitions);

        Action parse = () => SmallStack.Run(() => JsonSchema.Parse(schema.RootElement));

        if (isTooDeep)
            parse.Should().Throw<JsonSchemaException>().WithMessage("# nests deeper than 64 levels");
        else
            parse.Should().NotThrow();
    }

    [Theory]
    [InlineData("enum")]
    [InlineData("const")]
    public void A_value_in_a_schema_counts_towards_its_nesting(string keyword)
    {
        using JsonDocument schema = Nest("[", "1", "]", 5_000, prefix: $"{{\"{keyword}\":", suffix: "}");

        Action parse = () => SmallStack.Run(() => JsonSchema.Parse(schema.RootElement));

        parse.Should().Throw<JsonSchemaException>().WithMessage("# nests deeper than 64 levels");
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(101, true)]
    [InlineData(500, true)]
    public void A_pattern_has_at_most_100_groups(int groups, bool isRefused)
    {
        string pattern = new string('(', groups) + "a" + new string(')', groups);
        using JsonDocument schema = JsonDocument.Parse($"{{\"pattern\":\"{pattern}\"}}");

        Action parse = () => SmallStack.Run(() => JsonSchema.Parse(schema.RootElement));

        if (isRefused)
            parse.Should().Throw<JsonSchemaException>().WithMessage("#/pattern: the pattern has more than 100 groups*");
        else
            parse.Should().NotThrow();
    }

    [Theory]
    [InlineData(1024, false)]
    [InlineData(1025, true)]
    public void A_pattern_has_at_most_1024_characters(int length, bool isRefused)
    {
        using JsonDocument schema = JsonDocument.Parse($"{{\"patternProperties\":{{\"{new string('a', length)}\":true}}}}");

        Action parse = () => JsonSchema.Parse(schema.RootElement);

        if (isRefused)
            parse.Should().Throw<JsonSchemaException>().WithMessage("*longer than 1024 characters");
        else
            parse.Should().NotThrow();
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(101, true)]
    public void A_schema_has_at_most_100_patterns(int count, bool isRefused)
    {
        string members = string.Join(',', Enumerable.Range(0, count).Select(static i => $"{{\"pattern\":\"a{i}\"}},{{\"pattern\":\"a{i}\"}}"));
        using JsonDocument schema = JsonDocument.Parse($"{{\"allOf\":[{members}]}}");

        Action parse = () => JsonSchema.Parse(schema.RootElement);

        if (isRefused)
            parse.Should().Throw<JsonSchemaException>().WithMessage("*more than 100 different patterns");
        else
            parse.Should().NotThrow();
    }

    [Theory]
    [InlineData(1000, false)]
    [InlineData(1001, true)]
    public void A_schema_has_at_most_1000_references(int count, bool isRefused)
    {
        string definitions = string.Join(',', Enumerable.Range(0, count).Select(static i => $"\"d{i}\":{{}}"));
        string references = string.Join(',', Enumerable.Range(0, count).Select(static i => $"{{\"$ref\":\"#/$defs/d{i}\"}}"));
        using JsonDocument schema = JsonDocument.Parse($"{{\"$defs\":{{{definitions}}},\"anyOf\":[{references},{references}]}}");

        Action parse = () => JsonSchema.Parse(schema.RootElement);

        if (isRefused)
            parse.Should().Throw<JsonSchemaException>().WithMessage("*more than 1000 different references");
        else
            parse.Should().NotThrow();
    }

    private static JsonDocument Nest(string open, string core, string close, int repetitions, string prefix = "", string suffix = "") => JsonDocument.Parse(
        prefix + string.Concat(Enumerable.Repeat(open, repetitions)) + core + string.Concat(Enumerable.Repeat(close, repetitions)) + suffix,
        new JsonDocumentOptions { MaxDepth = int.MaxValue });
}

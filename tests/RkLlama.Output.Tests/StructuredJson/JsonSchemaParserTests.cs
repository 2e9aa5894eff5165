using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Tests.Support;
using RkLlama.Prompts;

namespace RkLlama.Output.Tests.StructuredJson;

public sealed class JsonSchemaParserTests
{
    [Fact]
    public void The_memory_to_parse_a_schema_is_independent_of_the_place_of_its_parts()
    {
        string members = string.Join(',', Enumerable.Range(0, 2000).Select(number => $"\"{number}\":{{}}"));
        using JsonDocument schema = JsonDocument.Parse($$$"""{"properties":{"{{{new string('n', 100_000)}}}":{"properties":{ {{{members}}} } } } }""");
        long before = GC.GetAllocatedBytesForCurrentThread();

        JsonSchema.Parse(schema.RootElement);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(20 << 20);
    }

    [Fact]
    public void An_error_names_its_place_without_the_whole_of_long_names()
    {
        using JsonDocument schema = JsonDocument.Parse($$$"""{"properties":{"{{{new string('n', 100_000)}}}":{"properties":{"a":{"anyOf":[true,5]} } } } }""");

        Action parse = () => JsonSchema.Parse(schema.RootElement);

        parse.Should().Throw<JsonSchemaException>().WithMessage($"#/properties/{new string('n', 60)}…/properties/a/anyOf/1 must be a schema: an object, true or false");
    }

    [Fact]
    public void The_place_of_a_deep_error_is_shortened_in_front()
    {
        string open = string.Concat(Enumerable.Repeat("{\"properties\":{\"member\":", 20)), close = new('}', 40);
        using JsonDocument schema = JsonDocument.Parse($"{open}5{close}");

        Action parse = () => JsonSchema.Parse(schema.RootElement);

        parse.Should().Throw<JsonSchemaException>().Which.Message.Should().StartWith("#/…/").And.EndWith("/properties/member must be a schema: an object, true or false")
            .And.Match(message => message.Length < 200);
    }

    [Fact]
    public void A_schema_that_takes_too_long_is_refused()
    {
        using JsonDocument schema = JsonDocument.Parse($"{{\"allOf\":[{string.Join(',', Enumerable.Repeat("{}", 1000))}]}}");
        TimeSpan used = TimeSpan.Zero;
        CpuBudget cpu = new(TimeSpan.FromSeconds(2), () => used += TimeSpan.FromSeconds(1), CancellationToken.None);

        Action parse = () => JsonSchema.Parse(schema.RootElement, cpu);

        parse.Should().Throw<JsonSchemaException>().WithMessage("*too long*");
    }

    [Fact]
    public void Parsing_ends_when_the_request_is_cancelled()
    {
        using JsonDocument schema = JsonDocument.Parse($"{{\"allOf\":[{string.Join(',', Enumerable.Repeat("{}", 1000))}]}}");

        Action parse = () => JsonSchema.Parse(schema.RootElement, CpuBudget.Unlimited(new CancellationToken(canceled: true)));

        parse.Should().Throw<OperationCanceledException>();
    }

    [Theory]
    [InlineData("(a{1,100}){1,50}", true)]
    [InlineData("((a{0,20}){0,20}){0,20}", true)]
    [InlineData("(?:){999999999}", true)]
    [InlineData("(?:x+){9999999999999999999}", true)]
    [InlineData("((([a-z]{99}){99}){99}){99}", true)]
    [InlineData("(a|aa|aaa){160}", false)]
    [InlineData("(.{0,30}a){30}", false)]
    [InlineData("^.{1,900}$", false)]
    [InlineData("^(a+)+$", false)]
    [InlineData("^([a-z0-9-]{1,63}\\\\.){1,10}[a-z]{2,63}$", false)]
    [InlineData("^([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$", false)]
    [InlineData("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", false)]
    [InlineData("^(\\\\{a,b}[(]{3}){2}$", false)]
    public void A_pattern_that_repeats_too_much_is_refused(string pattern, bool isRefused)
    {
        using JsonDocument schema = JsonDocument.Parse($"{{\"pattern\":\"{pattern}\"}}");

        Action parse = () => JsonSchema.Parse(schema.RootElement);

        if (isRefused)
            parse.Should().Throw<JsonSchemaException>().WithMessage("#/pattern: the pattern is too large: it repeats too many parts*");
        else
            parse.Should().NotThrow();
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(11, true)]
    public void The_size_of_all_patterns_together_is_limited(int count, bool isRefused)
    {
        string members = string.Join(',', Enumerable.Range(0, count).Select(static i => $$"""{"pattern":"a{9990}{{i}}"}"""));
        using JsonDocument schema = JsonDocument.Parse($$"""{"allOf":[{{members}}]}""");

        Action parse = () => JsonSchema.Parse(schema.RootElement);

        if (isRefused)
            parse.Should().Throw<JsonSchemaException>().WithMessage("*the patterns of the schema are too large together");
        else
            parse.Should().NotThrow();
    }

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

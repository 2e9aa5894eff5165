using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Tests.Support;
using RkLlama.Prompts;

namespace RkLlama.Output.Tests.StructuredJson;

/// <summary>The limits of a validation. Each test runs on a small stack. If a limit is too high for that stack, the test process crashes.</summary>
public sealed class JsonSchemaValidatorTests
{
    // Each level of the value applies the schema, its anyOf and the reference: three levels of the validation.
    private const string List = """{"$defs":{"n":{"anyOf":[{"type":"null"},{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}},"additionalProperties":false}]}},"$ref":"#/$defs/n"}""";

    [Theory]
    [InlineData(64, null)]
    [InlineData(65, "the value nests deeper than 64 levels")]
    [InlineData(5_000, "the value nests deeper than 64 levels")]
    public void A_value_nests_at_most_64_levels(int depth, string? problem) =>
        Validate(List, Nest("{\"next\":", "null", "}", depth)).Should().Equal(problem is null ? [] : [problem]);

    [Theory]
    [InlineData("""{"$ref":"#"}""")]
    [InlineData("""{"anyOf":[{"$ref":"#"}]}""")]
    [InlineData("""{"not":{"$ref":"#"}}""")]
    [InlineData("""{"if":{"$ref":"#"}}""")]
    [InlineData("""{"oneOf":[{"allOf":[{"$ref":"#"}]}]}""")]
    [InlineData("""{"dependentSchemas":{"a":{"$ref":"#"}}}""")]
    public void A_reference_that_does_not_descend_into_the_value_is_stopped(string schema) =>
        Validate(schema, """{"a":1}""").Should().Equal("the schema takes too many steps to check");

    [Fact]
    public void The_deepest_nesting_of_schemas_that_is_allowed_needs_no_more_than_a_small_stack()
    {
        // The references nest 240 levels deep. The limit is 256.
        string definitions = string.Join(',', Enumerable.Range(0, 120).Select(static i => $"\"d{i}\":{{\"anyOf\":[{{\"$ref\":\"#/$defs/d{i + 1}\"}}]}}"));
        string schema = $"{{\"$defs\":{{{definitions},\"d120\":{{\"type\":\"object\"}}}},\"$ref\":\"#/$defs/d0\"}}";

        Validate(schema, "{}").Should().BeEmpty();
    }

    [Fact]
    public void Many_alternatives_on_many_items_are_stopped()
    {
        string alternatives = string.Join(',', Enumerable.Range(0, 1000).Select(static i => $"{{\"const\":{i}}}"));
        string items = string.Join(',', Enumerable.Repeat("-1", 1000));

        Validate($"{{\"items\":{{\"anyOf\":[{alternatives}]}}}}", $"[{items}]").Should().Equal("the schema takes too many steps to check");
    }

    [Fact]
    public void Comparing_all_items_with_each_other_is_stopped()
    {
        string items = string.Join(',', Enumerable.Range(0, 1000));

        Validate("""{"uniqueItems":true}""", $"[{items}]").Should().Equal("the schema takes too many steps to check");
    }

    [Fact]
    public void Processor_time_is_limited()
    {
        TimeSpan used = TimeSpan.Zero;
        CpuBudget cpu = new(TimeSpan.FromMilliseconds(200), () => used += TimeSpan.FromMilliseconds(50), CancellationToken.None);
        string value = $"[{string.Join(',', Enumerable.Repeat("\"a\"", 100))}]";

        Validate("""{"items":{"pattern":"a"}}""", value, cpu).Should().Equal("the schema takes too long to check");
        Validate("""{"items":{"enum":["a"]}}""", $"[{string.Join(',', Enumerable.Repeat("\"a\"", 1000))}]", cpu).Should().Equal("the schema takes too long to check");
    }

    [Fact]
    public void The_match_of_one_pattern_to_a_long_text_is_stopped()
    {
        TimeSpan used = TimeSpan.Zero;
        CpuBudget cpu = new(TimeSpan.FromMilliseconds(200), () => used += TimeSpan.FromMilliseconds(10), CancellationToken.None);

        Validate("""{"pattern":"(b?){900}a"}""", $"\"{new string('b', 3000)}\"", cpu).Should().Equal("the schema takes too long to check");
    }

    [Fact]
    public void A_pattern_with_an_anchor_at_the_end_is_matched_to_the_whole_text()
    {
        Validate("""{"pattern":"^b*c$"}""", $"\"{new string('b', 3000)}c\"").Should().BeEmpty();
        Validate("""{"pattern":"^b*$"}""", $"\"{new string('b', 3000)}c\"").Should().NotBeEmpty();
    }

    [Fact]
    public void A_validation_can_be_cancelled()
    {
        Action validate = () => Validate("""{"pattern":"a"}""", "\"a\"", CpuBudget.Unlimited(new CancellationToken(canceled: true)));

        validate.Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void At_most_five_problems_are_reported() =>
        Validate("""{"items":{"type":"string"}}""", "[1,2,3,4,5,6,7]").Should().HaveCount(5).And.HaveElementAt(4, "/4 must be string, but is number");

    private static IReadOnlyList<string> Validate(string schema, string value, CpuBudget? cpu = null)
    {
        using JsonDocument schemaDocument = JsonDocument.Parse(schema);
        using JsonDocument document = JsonDocument.Parse(value, new JsonDocumentOptions { MaxDepth = int.MaxValue });
        return SmallStack.Run(() => JsonSchema.Parse(schemaDocument.RootElement).Validate(document.RootElement, cpu ?? CpuBudget.Unlimited()));
    }

    private static string Nest(string open, string core, string close, int depth) =>
        string.Concat(Enumerable.Repeat(open, depth)) + core + string.Concat(Enumerable.Repeat(close, depth));
}

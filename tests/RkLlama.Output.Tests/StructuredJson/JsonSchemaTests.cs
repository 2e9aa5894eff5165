using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;

namespace RkLlama.Output.Tests.StructuredJson;

public sealed class JsonSchemaTests
{
    private const string Person = """
        {"type":"object","properties":{"name":{"type":"string","minLength":1},"age":{"type":"integer","minimum":0}},
         "required":["name","age"],"additionalProperties":false}
        """;

    [Theory]
    [InlineData(Person, """{"name":"Ann","age":3}""")]
    [InlineData("""{"$defs":{"n":{"type":["object","null"],"properties":{"next":{"$ref":"#/$defs/n"}}}},"$ref":"#/$defs/n"}""", """{"next":{"next":null}}""")]
    [InlineData("""{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"number"}}]}""", "[1,2.5]")]
    [InlineData("""{"type":"string","nullable":true}""", "null")]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"2026-01-02T03:04:05Z\"")]
    [InlineData("true", "{}")]
    public void A_valid_value_has_no_problems(string schema, string value) => Validate(schema, value).Should().BeEmpty();

    [Theory]
    [InlineData(Person, """{"age":3}""", "the value lacks the member \"name\"")]
    [InlineData(Person, """{"name":"Ann","age":"3"}""", "/age must be integer, but is string")]
    [InlineData(Person, """{"name":"Ann","age":-1}""", "/age is below the minimum 0")]
    [InlineData(Person, """{"name":"","age":1}""", "/name must have at least 1 characters, but has 0")]
    [InlineData(Person, """{"name":"Ann","age":1,"x":1}""", "/x must not be there")]
    [InlineData("""{"enum":["red","blue"]}""", "\"green\"", "the value must be one of [\"red\",\"blue\"]")]
    [InlineData("""{"items":{"const":1}}""", "[1,2]", "/1 must be 1")]
    [InlineData("""{"oneOf":[{"type":"number"},{"minimum":1}]}""", "2", "the value must fit exactly one of the alternatives in oneOf, but fits 2")]
    [InlineData("""{"anyOf":[{"type":"object","required":["a"]},{"type":"string"}]}""", "{}", "the value lacks the member \"a\"")]
    [InlineData("""{"type":"string","pattern":"^[a-z]+$"}""", "\"A\"", "the value must match the pattern \"^[a-z]+$\"")]
    [InlineData("""{"type":"string","format":"uuid"}""", "\"x\"", "the value must be of the format uuid")]
    public void An_invalid_value_has_a_problem_text(string schema, string value, string problem) => Validate(schema, value).Should().Equal(problem);

    [Theory]
    [InlineData("""{"type":"thing"}""")]
    [InlineData("""{"properties":3}""")]
    [InlineData("""{"$ref":"https://example.com/schema"}""")]
    [InlineData("""{"$ref":"#/$defs/none"}""")]
    [InlineData("""{"unevaluatedProperties":false}""")]
    [InlineData("""{"pattern":"("}""")]
    [InlineData("""{"minLength":-1}""")]
    [InlineData("[]")]
    public void An_unsupported_or_invalid_schema_is_refused(string schema)
    {
        Action parse = () => JsonSchema.Parse(Parse(schema));

        parse.Should().Throw<JsonSchemaException>();
    }

    [Theory]
    [InlineData("""{"$ref":"#"}""", "{}")]
    [InlineData("""{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"$ref":"#/$defs/a"}}}""", "{}")]
    [InlineData("""{"allOf":[{"properties":{"x":{"$ref":"#"}}},{"properties":{"x":{"$ref":"#"}}},{"properties":{"x":{"$ref":"#"}}}]}""", "deep")]
    public void A_hostile_schema_is_stopped_by_the_limits(string schema, string value)
    {
        if (value == "deep")
            value = string.Concat(Enumerable.Repeat("{\"x\":", 40)) + "1" + new string('}', 40);

        Validate(schema, value).Should().ContainSingle().Which.Should().Contain("takes too");
    }

    [Fact]
    public void A_pattern_that_makes_other_engines_backtrack_is_matched_in_linear_time()
    {
        string text = new('a', 50_000);

        Validate("""{"pattern":"^(a+)+$"}""", $"\"{text}b\"").Should().ContainSingle().Which.Should().Contain("must match the pattern");
        Validate("""{"pattern":"^(a+)+$"}""", $"\"{text}\"").Should().BeEmpty();
    }

    [Theory]
    [InlineData(@"(?=a)a")]
    [InlineData(@"(?<!a)b")]
    [InlineData(@"(a)\\1")]
    [InlineData(@"(?>a+)b")]
    public void A_pattern_that_cannot_be_matched_in_linear_time_is_refused(string pattern)
    {
        Action parse = () => JsonSchema.Parse(Parse($"{{\"pattern\":\"{pattern}\"}}"));

        parse.Should().Throw<JsonSchemaException>().WithMessage("#/pattern: the pattern uses a lookaround*");
    }

    private static IReadOnlyList<string> Validate(string schema, string value) => JsonSchema.Parse(Parse(schema)).Validate(Parse(value), CpuBudget.Unlimited());

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}

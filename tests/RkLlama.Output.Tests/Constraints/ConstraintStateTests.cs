using System.Text.Json;
using RkLlama.Output.Constraints;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;

namespace RkLlama.Output.Tests.Constraints;

public sealed class ConstraintStateTests
{
    private const string Person =
        """{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"}},"required":["name","age"],"additionalProperties":false}""";

    [Fact]
    public void Every_prefix_of_a_valid_document_is_accepted_and_nothing_is_corrected()
    {
        Random random = new(7);
        SchemaCorpus.All.Should().HaveCountGreaterThan(100);
        foreach (JsonSchema schema in SchemaCorpus.All)
        {
            ValueNode node = new SchemaCompiler(schema).Compile();
            DocumentGenerator documents = new(schema, random);
            for (int i = 0; i < 20; i++)
            {
                string document = documents.Next();
                ConstrainedModel model = new(node);

                string? written = model.Write(ConstrainedModel.Cut(document, random));

                written.Should().Be(document, schema.Root.GetRawText());
                model.Corrections.Should().Be(0);
                using JsonDocument parsed = JsonDocument.Parse(document);
                schema.Validate(parsed.RootElement, CpuBudget.Unlimited()).Should().BeEmpty("the generator writes valid documents: " + document);
            }
        }
    }

    [Theory]
    [InlineData("""{"name":"A","age":1}""", true)]
    [InlineData("""{"age":1,"name":"A"}""", true)]
    [InlineData("""{ "name" : "A" , "age" : 1 } """, true)]
    [InlineData("""{"name":"A"}""", false)]
    [InlineData("""{"name":"A","name":"B","age":1}""", false)]
    [InlineData("""{"name":"A","age":"1"}""", false)]
    [InlineData("""{"name":"A","age":1.5}""", false)]
    [InlineData("""{"name":"A","age":01}""", false)]
    [InlineData("""{"name":"A","age":1,"x":2}""", false)]
    [InlineData("""{"name":"A","age":1,}""", false)]
    [InlineData("""{"name":"\ud83d\ude00","age":1}""", true)]
    [InlineData("""{"name":"\ud83d!","age":1}""", false)]
    [InlineData("{\"name\":\"a\nb\",\"age\":1}", false)]
    [InlineData("""{"name":"A","age":1}}""", false)]
    public void A_document_is_accepted_if_it_is_valid(string document, bool isAccepted)
    {
        ConstraintState? state = ConstraintState.Before(SchemaCorpus.Compile(Person)).Step(document);

        (state?.CanEnd == true).Should().Be(isAccepted);
    }

    [Theory]
    [InlineData("""{"type":"integer","minimum":3,"maximum":20}""", "12", true)]
    [InlineData("""{"type":"integer","minimum":3,"maximum":20}""", "2", false)]
    [InlineData("""{"type":"number","exclusiveMaximum":1}""", "1.0", false)]
    [InlineData("""{"type":"number","exclusiveMaximum":1}""", "0.999", true)]
    [InlineData("""{"type":"string","maxLength":2}""", "\"äö\"", true)]
    [InlineData("""{"type":"string","maxLength":2}""", "\"😀😀\"", true)]
    [InlineData("""{"type":"string","maxLength":2}""", "\"abc\"", false)]
    [InlineData("""{"type":"string","minLength":2}""", "\"a\"", false)]
    [InlineData("""{"enum":["a","ab",1]}""", "\"ab\"", true)]
    [InlineData("""{"enum":["a","ab",1]}""", "\"b\"", false)]
    [InlineData("""{"type":["string","null"],"enum":["x",null]}""", "null", true)]
    [InlineData("""{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"type":"object","properties":{"b":{"type":"null"}},"required":["b"]}]}""", """{"b":null,"a":""}""", true)]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}""", "[1,2,3]", false)]
    [InlineData("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}""", "[]", false)]
    [InlineData("""{"type":"array","items":[{"type":"integer"}],"additionalItems":false}""", "[1]", true)]
    [InlineData("""{"type":"array","items":[{"type":"integer"}],"additionalItems":false}""", "[1,2]", false)]
    [InlineData("""{"type":"object","additionalProperties":{"type":"integer"},"minProperties":2}""", """{"a":1}""", false)]
    [InlineData("""{"type":"object","additionalProperties":{"type":"integer"},"maxProperties":1}""", """{"a":1,"b":2}""", false)]
    [InlineData("false", "1", false)]
    public void Keywords_are_held(string schema, string document, bool isAccepted)
    {
        ConstraintState? state = ConstraintState.Before(SchemaCorpus.Compile(schema)).Step(document);

        (state?.CanEnd == true).Should().Be(isAccepted);
    }

    [Fact]
    public void A_schema_that_refers_to_itself_is_compiled_as_far_as_a_document_needs_it()
    {
        ValueNode node = SchemaCorpus.Compile("""{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"array","items":{"$ref":"#/$defs/a"}}]}},"$ref":"#/$defs/a"}""");

        ConstraintState.Before(node).Step("[[],[[]]]")!.CanEnd.Should().BeTrue();
        ConstraintState.Before(node).Step("[1").Should().BeNull();
    }

    [Fact]
    public void Documents_nest_no_deeper_than_the_parser_allows()
    {
        ConstraintState start = ConstraintState.Before(ValueNode.Any);

        start.Step(new string('[', 64)).Should().NotBeNull();
        start.Step(new string('[', 65)).Should().BeNull();
        using JsonDocument parsed = JsonDocument.Parse(new string('[', 64) + new string(']', 64), Output.Text.JsonLimits.Document);
    }

    [Fact]
    public void White_space_in_a_row_is_limited()
    {
        ConstraintState start = ConstraintState.Before(ValueNode.AnyObject);

        start.Step("{" + new string(' ', 64)).Should().NotBeNull();
        start.Step("{" + new string(' ', 100)).Should().BeNull();
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer","minimum":1}},"required":["a"]}""", true)]
    [InlineData("""{"type":"string","pattern":"^a"}""", false)]
    [InlineData("""{"type":"object","properties":{"pattern":{"type":"string"}}}""", true)]
    [InlineData("""{"type":"string","format":"email"}""", false)]
    [InlineData("""{"type":"string","format":"unknown"}""", true)]
    [InlineData("""{"type":"array","uniqueItems":true}""", false)]
    [InlineData("""{"oneOf":[{"type":"string"},{"type":"integer"}]}""", true)]
    [InlineData("""{"oneOf":[{"type":"number"},{"type":"integer"}]}""", false)]
    [InlineData("""{"oneOf":[{"type":"object","properties":{"k":{"const":1}},"required":["k"]},{"type":"object","properties":{"k":{"const":2}},"required":["k"]}]}""", true)]
    [InlineData("""{"oneOf":[{"type":"object","properties":{"k":{"const":1}},"required":["k"]},{"type":"object","properties":{"k":{"const":2}}}]}""", false)]
    public void Schemas_that_the_compiled_form_does_not_cover_are_known(string schema, bool isCovered) =>
        SchemaCoverage.IsComplete(SchemaCorpus.Parse(schema)).Should().Be(isCovered);
}

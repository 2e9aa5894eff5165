using System.Text.Json;
using RkLlama.Output.Constraints;

namespace RkLlama.Output.Tests.Constraints;

public sealed class DocumentRepairTests
{
    private const string Schema =
        """
        {"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":150},"ok":{"type":"boolean"},
        "color":{"enum":["red","green","dark blue"]},"tags":{"type":"array","items":{"type":"string"},"maxItems":2},"note":{"type":["string","null"]}},
        "required":["name","age"],"additionalProperties":false}
        """;

    [Theory]
    [InlineData("prose before", """Sure, here it is: {"name":"A","age":1}""", """{"name":"A","age":1}""")]
    [InlineData("Markdown fence", "```json\n{\"name\":\"A\",\"age\":1}\n```", """{"name":"A","age":1}""")]
    [InlineData("text behind", """{"name":"A","age":1} Hope this helps!""", """{"name":"A","age":1}""")]
    [InlineData("single quotes", """{'name':'A','age':1}""", """{"name":"A","age":1}""")]
    [InlineData("typographic quotes", """{“name”:“A”,“age”:1}""", """{"name":"A","age":1}""")]
    [InlineData("names without quotes", """{name:"A",age:1}""", """{"name":"A","age":1}""")]
    [InlineData("missing comma", """{"name":"A" "age":1}""", """{"name":"A" ,"age":1}""")]
    [InlineData("missing colon", """{"name" "A","age":1}""", """{"name" :"A","age":1}""")]
    [InlineData("equals sign", """{"name"="A","age":1}""", """{"name":"A","age":1}""")]
    [InlineData("semicolon", """{"name":"A";"age":1}""", """{"name":"A","age":1}""")]
    [InlineData("trailing comma", """{"name":"A","age":1,}""", """{"name":"A","age":1}""")]
    [InlineData("comment", "{\"name\":\"A\", // the name\n\"age\":1}", """{"name":"A","age":1}""")]
    [InlineData("Python constant", """{"name":"A","age":1,"ok":True}""", """{"name":"A","age":1,"ok":true}""")]
    [InlineData("None", """{"name":"A","age":1,"note":None}""", """{"name":"A","age":1,"note":null}""")]
    [InlineData("yes for a boolean", """{"name":"A","age":1,"ok":"yes"}""", """{"name":"A","age":1,"ok":true}""")]
    [InlineData("number in quotes", """{"name":"A","age":"42"}""", """{"name":"A","age":42}""")]
    [InlineData("number with a unit", """{"name":"A","age":42 years}""", """{"name":"A","age":42 }""")]
    [InlineData("number out of bounds", """{"name":"A","age":420}""", """{"name":"A","age":150}""")]
    [InlineData("fraction for an integer", """{"name":"A","age":41.6}""", """{"name":"A","age":42}""")]
    [InlineData("text without quotes", """{"name":Anna,"age":1}""", """{"name":"Anna","age":1}""")]
    [InlineData("number for a text", """{"name":7,"age":1}""", """{"name":"7","age":1}""")]
    [InlineData("list for a text", """{"name":["A"],"age":1}""", null)]
    [InlineData("upper case in an enum", """{"name":"A","age":1,"color":"Green"}""", """{"name":"A","age":1,"color":"green"}""")]
    [InlineData("close to an enum", """{"name":"A","age":1,"color":"dark_blu"}""", """{"name":"A","age":1,"color":"dark blue"}""")]
    [InlineData("enum without quotes", """{"name":"A","age":1,"color":red}""", """{"name":"A","age":1,"color":"red"}""")]
    [InlineData("text for a list", """{"name":"A","age":1,"tags":"x"}""", """{"name":"A","age":1,"tags":["x"]}""")]
    [InlineData("too many items", """{"name":"A","age":1,"tags":["x","y","z"]}""", """{"name":"A","age":1,"tags":["x","y"]}""")]
    [InlineData("name in other case", """{"Name":"A","AGE":1}""", """{"name":"A","age":1}""")]
    [InlineData("line break in a text", "{\"name\":\"A\nB\",\"age\":1}", """{"name":"A\nB","age":1}""")]
    [InlineData("unknown escape", """{"name":"C:\dir","age":1}""", """{"name":"C:\\dir","age":1}""")]
    [InlineData("no end", """{"name":"A","age":1""", """{"name":"A","age":1}""")]
    [InlineData("no end of a text", """{"name":"A","age":1,"note":"abc""", """{"name":"A","age":1,"note":"abc"}""")]
    [InlineData("brace of the wrong kind", """{"name":"A","age":1,"tags":["x"}""", """{"name":"A","age":1,"tags":["x"]}""")]
    [InlineData("round bracket", """{"name":"A","age":1,"tags":["x")}""", """{"name":"A","age":1,"tags":["x"]}""")]
    [InlineData("ellipsis", """{"name":"A","age":1,"tags":["x", ...]}""", """{"name":"A","age":1,"tags":["x"]}""")]
    [InlineData("leading zeros", """{"name":"A","age":007}""", """{"name":"A","age":7}""")]
    [InlineData("zero for a boolean", """{"name":"A","age":1,"ok":0}""", """{"name":"A","age":1,"ok":false}""")]
    [InlineData("null for a boolean", """{"name":"A","age":1,"ok":null}""", """{"name":"A","age":1,"ok":false}""")]
    [InlineData("exponent for an integer", """{"name":"A","age":1e2}""", """{"name":"A","age":100}""")]
    [InlineData("opening quote missing", """{"name":Anna","age":1}""", """{"name":"Anna","age":1}""")]
    public void The_nearest_document_is_found(string mistake, string written, string? document)
    {
        foreach (int seed in Enumerable.Range(0, 30))
        {
            ConstrainedModel model = new(SchemaCorpus.Compile(Schema));

            string? found = model.Write(seed == 0 ? [written] : ConstrainedModel.Cut(written, new(seed)));

            string.Concat((found ?? "").Where(c => c != ' ')).Should().NotBeEmpty(mistake);
            if (seed == 0 && document is not null)
                found.Should().Be(document, mistake);
            DocumentRepairCheck.IsValid(Schema, found!).Should().BeTrue($"{mistake}: {found}");
        }
    }

    [Theory]
    [InlineData("comment", "{\"a\":1, // one\n\"b\":2}", """{"a":1,"b":2}""")]
    [InlineData("two commas", """{"a":1,,"b":2}""", """{"a":1,"b":2}""")]
    [InlineData("semicolon", """{"a":1;"b":2}""", """{"a":1,"b":2}""")]
    [InlineData("leading zeros", """{"a":007,"b":2}""", """{"a":7,"b":2}""")]
    [InlineData("number with a unit", """{"a":1 piece, "b":2}""", """{"a":1 , "b":2}""")]
    [InlineData("names without quotes", "{a: 1\nb: 2}", "{\"a\": 1\n,\"b\": 2}")]
    public void An_object_of_any_form_keeps_its_members(string mistake, string written, string document)
    {
        ConstrainedModel model = new(ValueNode.AnyObject);

        model.Write([written]).Should().Be(document, mistake);
    }

    [Fact]
    public void A_name_in_other_quotes_that_arrives_in_several_tokens_is_kept()
    {
        ConstrainedModel model = new(ValueNode.AnyObject);

        // The model goes on behind the quote of the correction.
        model.Write(["{", "'", "customer", "_identification", "_number", "\"", ":", "7", "}"]).Should().Be("""{"customer_identification_number":7}""");
    }

    [Theory]
    [InlineData("""{"type":"object"}""", """{"caf\u00e9":1,"\"\\\u000a":2}""")]
    [InlineData("""{"properties":{"café":{"type":"integer"}},"required":["café"],"additionalProperties":false}""", """{"caf\u00e9":12}""")]
    [InlineData("""{"properties":{"n":{"type":"integer"}},"required":["n"]}""", """{"n":-120,"m":1.5e3}""")]
    [InlineData("""{"properties":{"n":{"type":"array","items":{"type":"integer","maximum":100}}},"required":["n"]}""", """{"n":[1,20,100]}""")]
    public void A_valid_document_does_not_change(string schema, string document)
    {
        foreach (int seed in Enumerable.Range(0, 30))
        {
            ConstrainedModel model = new(SchemaCorpus.Compile(schema));

            model.Write(ConstrainedModel.Cut(document, new(seed))).Should().Be(document, "the seed is {0}", seed);

            model.Corrections.Should().Be(0);
        }
    }

    [Theory]
    [InlineData("""{"\ude00":1}""")]
    [InlineData("""{"a\ud83d":1}""")]
    [InlineData("""{"\ud83dx\ude00":1}""")]
    public void A_name_with_half_of_a_surrogate_pair_becomes_valid(string written)
    {
        foreach (int seed in Enumerable.Range(0, 30))
        {
            ConstrainedModel model = new(ValueNode.AnyObject);

            string? found = model.Write(ConstrainedModel.Cut(written, new(seed)));

            JsonElement.Parse(found!).EnumerateObject().Should().OnlyContain(static member => member.Name.Length > 0, "the document is {0}", found);
        }
    }

    [Theory]
    [InlineData("""{"items":{"type":"integer","maximum":100}}""", "[150,7]", "[100,7]")]
    [InlineData("""{"items":{"enum":["C","C++","C#"]}}""", "['C++','c#']", """["C++","C#"]""")]
    [InlineData("""{"items":{"enum":["+","-"]}}""", "['-']", """["-"]""")]
    public void The_item_of_a_list_is_the_nearest_one(string schema, string written, string document)
    {
        string list = schema.Replace("{\"items\"", "{\"type\":\"array\",\"items\"", StringComparison.Ordinal);
        ConstrainedModel model = new(SchemaCorpus.Compile(list));

        model.Write([written]).Should().Be(document);
    }
}

internal static class DocumentRepairCheck
{
    internal static bool IsValid(string schema, string document)
    {
        using JsonDocument parsed = JsonDocument.Parse(document);
        return SchemaCorpus.Parse(schema).Validate(parsed.RootElement, Prompts.CpuBudget.Unlimited()).Count == 0;
    }
}

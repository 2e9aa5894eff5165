using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;

namespace RkLlama.Output.Tests.StructuredJson;

public sealed class OutputFormatTests
{
    private static readonly Conversation Hello = new([new("system", "Be brief."), new("user", "Hello"), new("assistant", "Hi")]);

    [Fact]
    public void The_instruction_is_added_to_the_last_user_message()
    {
        Conversation conversation = OutputFormat.AnyObject.AddInstruction(Hello);

        conversation.Messages.Should().HaveCount(3);
        conversation.Messages[1].Content.Should().StartWith("Hello\n\n").And.Contain("one JSON object");
    }

    [Fact]
    public void The_instruction_contains_the_schema_without_white_space()
    {
        using JsonDocument schema = JsonDocument.Parse("""{ "type": "object" }""");
        OutputFormat format = new(JsonSchema.Parse(schema.RootElement), IsStrict: true);

        Conversation conversation = format.AddInstruction(Hello with { Messages = [] });

        conversation.Messages.Should().ContainSingle().Which.Content.Should().EndWith("\n{\"type\":\"object\"}");
    }

    [Fact]
    public void The_correction_repeats_the_reply_and_names_the_problem()
    {
        Conversation conversation = OutputFormat.AddCorrection(Hello, "{}", "the value lacks the member \"a\"");

        conversation.Messages.Skip(3).Select(message => message.Role).Should().Equal("assistant", "user");
        conversation.Messages[^1].Content.Should().Contain("lacks the member \"a\"");
        conversation.EnableThinking.Should().BeFalse();
    }

    [Theory]
    [InlineData("Sure: {'a': 1}", null, """{"a":1}""")]
    [InlineData("[1]", "it is not a JSON object", "[1]")]
    [InlineData("I cannot.", "it is not JSON", null)]
    public void Without_a_schema_the_reply_must_have_an_object(string reply, string? problem, string? json)
    {
        OutputFormat.AnyObject.FindProblem(reply, CpuBudget.Unlimited(), out string? found).Should().Be(problem);
        found.Should().Be(json);
    }

    [Fact]
    public void All_problems_of_the_schema_are_named()
    {
        using JsonDocument schema = JsonDocument.Parse("""{"required":["a","b"]}""");

        new OutputFormat(JsonSchema.Parse(schema.RootElement), IsStrict: false).FindProblem("{}", CpuBudget.Unlimited(), out string? json)
            .Should().Be("the value lacks the member \"a\"; the value lacks the member \"b\"");
        json.Should().Be("{}");
    }

    [Theory]
    [InlineData("""{"type":"string","enum":["red","blue"]}""", "\"red\"", "\"red\"")]
    [InlineData("""{"type":"string","enum":["red","blue"]}""", "red", "\"red\"")]
    [InlineData("""{"enum":["red",1]}""", "```json\n\"red\"\n```", "\"red\"")]
    [InlineData("""{"type":"boolean"}""", "True", "true")]
    [InlineData("""{"type":"integer"}""", " 42\n", "42")]
    [InlineData("""{"type":"string"}""", "42", "\"42\"")]
    [InlineData("""{"anyOf":[{"type":"null"},{"type":"object"}]}""", "{'a': 1}", """{"a":1}""")]
    [InlineData("""{"type":["object","string"]}""", "{'a': 1}", """{"a":1}""")]
    [InlineData("""{"$ref":"#/$defs/c","$defs":{"c":{"const":7}}}""", "7", "7")]
    [InlineData("""{"enum":["red","blue"]}""", "The answer is \"red\".", "\"red\"")]
    [InlineData("""{"enum":["red","dark red"]}""", "It is **dark red**, I think.", "\"dark red\"")]
    [InlineData("""{"enum":["red",1]}""", "The color is `red`", "\"red\"")]
    [InlineData("""{"type":"integer"}""", "The answer is 42.", "42")]
    [InlineData("""{"type":"number"}""", "It's -3.5 degrees", "-3.5")]
    [InlineData("""{"type":"boolean"}""", "The statement is true.", "true")]
    [InlineData("""{"type":"string","pattern":"^[A-Z]{3}$"}""", "The code is 'ABC', as you know.", "\"ABC\"")]
    [InlineData("""{"type":"string"}""", "The answer is \"red\".", "\"The answer is \\\"red\\\".\"")]
    [InlineData("""{"type":"boolean"}""", "True.", "true")]
    [InlineData("""{"type":"boolean"}""", "Yes", "true")]
    [InlineData("""{"type":"boolean"}""", "**No.**", "false")]
    [InlineData("""{"type":"integer"}""", "1,234", "1234")]
    [InlineData("""{"type":"number"}""", "12,345,678.5.", "12345678.5")]
    [InlineData("""{"enum":["red","blue"]}""", "Blue", "\"blue\"")]
    [InlineData("""{"enum":["red","blue"]}""", "BLUE.", "\"blue\"")]
    [InlineData("""{"enum":["yes","no"]}""", "Yes", "\"yes\"")]
    [InlineData("""{"type":"string"}""", "Yes.", "\"Yes.\"")]
    public void A_schema_may_ask_for_a_scalar(string schema, string reply, string json)
    {
        using JsonDocument document = JsonDocument.Parse(schema);

        new OutputFormat(JsonSchema.Parse(document.RootElement), IsStrict: true).FindProblem(reply, CpuBudget.Unlimited(), out string? found).Should().BeNull();

        found.Should().Be(json);
    }

    [Theory]
    [InlineData("""{"type":"integer"}""", "three", "\"three\"")]
    [InlineData("""{"type":"integer"}""", "1,23", "\"1,23\"")]
    [InlineData("""{"enum":["red","Red"]}""", "RED", "\"RED\"")]
    [InlineData("""{"enum":["red","blue"]}""", "green", "\"green\"")]
    [InlineData("""{"type":"object"}""", "red", null)]
    [InlineData("{}", "red", null)]
    [InlineData("""{"enum":["red","blue"]}""", "It is \"red\" or \"blue\".", "\"It is \\\"red\\\" or \\\"blue\\\".\"")]
    [InlineData("""{"enum":["red","blue"]}""", "It is red, not \"blue\".", "\"It is red, not \\\"blue\\\".\"")]
    [InlineData("""{"enum":["red","blue"]}""", "It is not red.", "\"It is not red.\"")]
    [InlineData("""{"enum":["red","blue"]}""", "The answer is \"green\".", "\"The answer is \\\"green\\\".\"")]
    [InlineData("""{"type":"integer"}""", "There are 3 apples and 4 pears.", "\"There are 3 apples and 4 pears.\"")]
    [InlineData("""{"type":"integer"}""", "About 1,000 people.", "\"About 1,000 people.\"")]
    [InlineData("""{"type":"integer"}""", "Version v2 of 3.5.1", "\"Version v2 of 3.5.1\"")]
    public void A_scalar_that_the_schema_does_not_allow_is_a_problem(string schema, string reply, string? json)
    {
        using JsonDocument document = JsonDocument.Parse(schema);

        new OutputFormat(JsonSchema.Parse(document.RootElement), IsStrict: true).FindProblem(reply, CpuBudget.Unlimited(), out string? found).Should().NotBeNull();

        found.Should().Be(json);
    }
}

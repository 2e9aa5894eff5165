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
}

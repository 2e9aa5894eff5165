using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Tests.Models.Modelfiles;

public sealed class ModelfileMessageTests
{
    [Theory]
    [InlineData("MESSAGE=\"user Hi\"\nMESSAGE=assistant Hello\n")]
    [InlineData("MESSAGE user Hi\nMESSAGE assistant Hello\n")]
    [InlineData("MESSAGE = [\"user Hi\", \"assistant Hello\"]\n")]
    [InlineData("message USER Hi\nMESSAGE assistant \"\"\"Hello\"\"\"\nPARAMETER top_k 5\n")]
    public void Each_syntax_has_messages(string lines)
    {
        Modelfile modelfile = ModelfileReader.Parse($"{(lines.Contains(" = ", StringComparison.Ordinal) ? "FROM = \"m.rkllm\"" : "FROM m.rkllm")}\n{lines}");

        modelfile.Messages.Should().Equal("user Hi", "assistant Hello");
        modelfile.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void A_message_may_have_several_lines()
    {
        Modelfile modelfile = ModelfileReader.Parse("FROM m.rkllm\nMESSAGE user \"\"\"one\n\ntwo \"words\\n\"\"\"\"\n");

        ModelfileMessage.Parse(modelfile.Messages.Single()).Should().Be(new ModelfileMessage("user", "one\n\ntwo \"words\\n\""));
    }

    [Theory]
    [InlineData("MESSAGE=\"Hello\"")]
    [InlineData("MESSAGE=\"tool Hello\"")]
    public void A_message_without_a_role_is_an_error(string line) =>
        FluentActions.Invoking(() => ModelfileReader.Parse($"FROM=\"m.rkllm\"\n{line}\n")).Should().Throw<ModelfileException>().WithMessage("*it must be a role (system, user, assistant)*");
}

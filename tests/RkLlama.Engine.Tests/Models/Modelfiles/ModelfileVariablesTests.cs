using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Tests.Models.Modelfiles;

public class ModelfileVariablesTests
{
    [Theory]
    [InlineData("A=\"x\"\nFROM=\"${A}.rkllm\"", "x.rkllm")]
    [InlineData("A='x'\nFROM='${A}.rkllm'", "x.rkllm")]
    [InlineData("A=x\nFROM=${A}.rkllm", "x.rkllm")]
    [InlineData("A x\nFROM ${A}.rkllm", "x.rkllm")]
    [InlineData("A=1\nFROM=\"${A}\"", "1")]
    [InlineData("FROM=\"${A:-y}\"", "y")]
    [InlineData("FROM=\"a${A:-}b\"", "ab")]
    [InlineData("A=\"\"\nFROM=\"a${A:-y}b\"", "ab")]
    [InlineData("FROM=\"a${A}b\"", "ab")]
    [InlineData("FROM=\"a${A}b\"\nA=\"x\"", "ab")]
    [InlineData("A=\"x\"\nFROM=\"$A\"", "$A")]
    [InlineData("A=\"x\"\nFROM=\"${A\"", "${A")]
    [InlineData("A=\"x\"\nFROM=\"${A:x}${A}\"", "${A:x}x")]
    [InlineData("A=\"${B:-x}\"\nFROM=\"${A}${A}\"", "xx")]
    [InlineData("A=1 2\nFROM=${A}\nA=3", "1 2")]
    public void Earlier_keys_of_the_file_are_expanded(string text, string expected) =>
        ModelfileReader.Parse(text).From.Should().Be(expected);

    [Theory]
    [InlineData("FROM=\"${PATH}x\"")]
    [InlineData("FROM=${PATH}x y")]
    public void The_environment_is_not_read(string text)
    {
        Environment.GetEnvironmentVariable("PATH").Should().NotBeNullOrEmpty();

        Modelfile modelfile = ModelfileReader.Parse(text);

        modelfile.From.Should().StartWith("x");
        modelfile.Warnings.Should().ContainSingle().Which.Should()
            .Be("Modelfile:1:6: ${PATH} is empty: no earlier line of this file sets it, and the environment is never read");
    }

    [Fact]
    public void The_environment_is_not_changed()
    {
        ModelfileReader.Parse("FROM=x\nRKLLAMA_TEST_LEAK=1\n");

        Environment.GetEnvironmentVariable("FROM").Should().BeNull();
        Environment.GetEnvironmentVariable("RKLLAMA_TEST_LEAK").Should().BeNull();
    }

    [Fact]
    public void Triple_quotes_disable_expansion()
    {
        ModelfileReader.Parse("A='x'\nTEMPLATE='''${A}${{ b }}'''").Template.Should().Be("${A}${{ b }}");
    }

    [Fact]
    public void The_size_of_expanded_values_is_limited()
    {
        string text = "V0=0123456789\n" + string.Concat(Enumerable.Range(1, 40).Select(i => $"V{i}=${{V{i - 1}}}${{V{i - 1}}}\n"));

        Action read = () => ModelfileReader.Parse(text);

        read.Should().Throw<ModelfileException>().Which.Reason.Should().Contain("1 MiB");
    }
}

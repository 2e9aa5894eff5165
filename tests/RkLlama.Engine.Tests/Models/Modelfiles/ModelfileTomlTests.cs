using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Tests.Models.Modelfiles;

public class ModelfileTomlTests
{
    [Fact]
    public void The_Modelfile_of_the_deployed_nodes_is_read()
    {
        Modelfile modelfile = ModelfileReader.Parse(
            "FROM=\"DeepSeek-R1-1.5B.rkllm\"\nHUGGINGFACE_PATH=\"Qwen/Qwen2.5-1.5B-Instruct\"\nSYSTEM=\"\"\nTEMPERATURE=1.0\n");

        modelfile.Should().BeEquivalentTo(new Modelfile
        {
            From = "DeepSeek-R1-1.5B.rkllm",
            HuggingFacePath = "Qwen/Qwen2.5-1.5B-Instruct",
            System = "",
            Temperature = 1.0,
        });
    }

    [Fact]
    public void Typed_values_are_read()
    {
        Modelfile modelfile = ModelfileReader.Parse("FROM = 'x'\nTEMPERATURE = 1\nNUM_CTX = 4_096\nTOP_K = 0x10\nTOP_P = 9e-1\nENABLE_THINKING = true\n");

        modelfile.Should().BeEquivalentTo(new Modelfile { From = "x", Temperature = 1, NumCtx = 4096, TopK = 16, TopP = 0.9, EnableThinking = true });
    }

    [Theory]
    [InlineData("FROM = \"\"\"\nx\\\n   y\"\"\"", "xy")]
    [InlineData("FROM = '''a\\nb'''", "a\\nb")]
    [InlineData("FROM = \"caf\\u00e9\"", "café")]
    [InlineData("\"FROM\" = \"x\"", "x")]
    [InlineData("FROM = 1.50", "1.50")]
    [InlineData("FROM = 2024-01-01", "2024-01-01")]
    [InlineData("FROM = \"a\" # c", "a")]
    public void TOML_rules_apply_if_the_whole_file_is_TOML(string text, string expected) =>
        ModelfileReader.Parse(text).From.Should().Be(expected);

    [Fact]
    public void One_line_that_is_not_TOML_makes_the_file_dotenv()
    {
        ModelfileReader.Parse("FROM=\"a\\u00e9\"\nSYSTEM=b c\n").From.Should().Be("a\\u00e9");
    }

    [Theory]
    [InlineData("\uFEFFFROM=\"x\"\n")]
    [InlineData("\uFEFFFROM=x\n")]
    [InlineData("\uFEFF# c\r\nFROM=\"x\"\r\n")]
    public void A_byte_order_mark_is_skipped(string text) => ModelfileReader.Parse(text).From.Should().Be("x");

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("# nothing\n")]
    [InlineData("   ")]
    public void An_empty_file_has_no_values(string text) =>
        ModelfileReader.Parse(text).Should().BeEquivalentTo(Modelfile.Empty);

    [Fact]
    public void Tables_and_unknown_keys_are_warnings()
    {
        Modelfile modelfile = ModelfileReader.Parse("FROM = \"x\"\nNOVELTY = [\"a\"]\nFROM_TAG.a = 1\n\n[model]\nTOP_K = 5\n");

        modelfile.From.Should().Be("x");
        modelfile.TopK.Should().BeNull();
        modelfile.Warnings.Should().BeEquivalentTo(
            "Modelfile:5:1: table [model] is not known; the lines below it are ignored",
            "Modelfile:2:1: unknown key 'NOVELTY' is ignored",
            "Modelfile:3:1: unknown key 'FROM_TAG.a' is ignored");
    }

    [Theory]
    [InlineData("FROM = [\"x\"]")]
    [InlineData("FROM = { a = 1 }")]
    public void A_list_or_table_is_refused(string text)
    {
        Action read = () => ModelfileReader.Parse(text);

        read.Should().Throw<ModelfileException>().WithMessage("Modelfile:1:8: FROM takes a single value, not a list or a table");
    }
}

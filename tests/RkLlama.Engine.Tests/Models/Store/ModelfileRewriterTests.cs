using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Models.Store;

namespace RkLlama.Engine.Tests.Models.Store;

public sealed class ModelfileRewriterTests
{
    [Theory]
    [InlineData("FROM=\"../m/x.rkllm\"\nTOP_K=1\n", "FROM=\"n.rkllm\"\nTOP_K=1\n")]
    [InlineData("# c\nexport FROM = ../m/x.rkllm # c\nSYSTEM=a b\n", "# c\nexport FROM = \"n.rkllm\" # c\nSYSTEM=a b\n")]
    [InlineData("FROM ../m/x.rkllm\nTOP_K 1\n", "FROM \"n.rkllm\"\nTOP_K 1\n")]
    [InlineData("FROM = '''../m/x.rkllm'''\nSTOP = [\"a\", \"b\"]\n", "FROM = \"n.rkllm\"\nSTOP = [\"a\", \"b\"]\n")]
    [InlineData("FROM ../m/x.rkllm\r\nPARAMETER stop a\r\nSYSTEM \"\"\"\r\nFROM y\r\n\"\"\"\r\n", "FROM \"n.rkllm\"\r\nPARAMETER stop a\r\nSYSTEM \"\"\"\r\nFROM y\r\n\"\"\"\r\n")]
    [InlineData("from ../m/x.rkllm\nsystem s\n", "from \"n.rkllm\"\nsystem s\n")]
    [InlineData("FROM=a b\nSYSTEM=\"\nFROM=c\n\"\nFROM='d\ne'\n", "FROM=a b\nSYSTEM=\"\nFROM=c\n\"\nFROM=\"n.rkllm\"\n")]
    [InlineData("\uFEFFFROM=\"x\"\n", "FROM=\"n.rkllm\"\n")]
    public void Only_the_value_of_FROM_changes(string text, string expected) => ModelfileRewriter.SetFrom(text, "n.rkllm").Should().Be(expected);

    [Theory]
    [InlineData("FROM=\"x\"\n")]
    [InlineData("FROM x y\n")]
    [InlineData("FROM x\nPARAMETER top_k 1\n")]
    public void A_name_with_quotes_and_backslashes_is_read_back(string text)
    {
        foreach (string name in (string[])["a b.rkllm", "\"a\".rkllm", "a\\b.rkllm", "a'b # c.rkllm", "${A}.rkllm"])
        {
            if (ModelfileRewriter.SetFrom(text, name) is { } changed)
                ModelfileReader.Parse(changed).From.Should().Be(name);
        }

        ModelfileRewriter.SetFrom(text, "a b.rkllm").Should().NotBeNull();
    }

    [Theory]
    [InlineData("TOP_K=1\n")]
    [InlineData("FROM: x\n")]
    public void A_text_without_a_valid_FROM_cannot_be_changed(string text) => ModelfileRewriter.SetFrom(text, "n.rkllm").Should().BeNull();
}

using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Tests.Models.Modelfiles;

/// <summary>
/// Lines whose values were measured on the Python service. Each file also has a line that is not TOML, so that it is read as dotenv.
/// </summary>
public class ModelfileDotenvTests
{
    private const string NoToml = "SYSTEM=not toml\n";

    [Theory]
    [InlineData("FROM=\"x.rkllm\"", "x.rkllm")]
    [InlineData("FROM='x.rkllm'", "x.rkllm")]
    [InlineData("FROM=x.rkllm", "x.rkllm")]
    [InlineData("FROM = \"x y.rkllm\" ", "x y.rkllm")]
    [InlineData("  \t FROM=x", "x")]
    [InlineData("export FROM=x", "x")]
    [InlineData("export \t FROM = x", "x")]
    [InlineData("'FROM'=x", "x")]
    public void An_assignment_is_read(string line, string expected) => FromOf(line).Should().Be(expected);

    [Theory]
    [InlineData("FROM=x.rkllm # c", "x.rkllm")]
    [InlineData("FROM=x.rkllm\t# c", "x.rkllm")]
    [InlineData("FROM=x#y", "x#y")]
    [InlineData("FROM=#y", "#y")]
    [InlineData("FROM=x #y #z", "x")]
    [InlineData("FROM=\"a # b\" # c", "a # b")]
    [InlineData("FROM=\"a\"#c", "a")]
    [InlineData("# FROM=y\n\n   # c\nFROM=x", "x")]
    [InlineData("FROM= # c", null)]
    public void A_comment_starts_at_a_hash_after_a_blank_or_a_quoted_value(string line, string? expected) =>
        FromOf(line).Should().Be(expected);

    [Theory]
    [InlineData("""FROM="a\\b\'c\"d" """, "a\\b'c\"d")]
    [InlineData("""FROM="\a\b\f\n\r\t\v" """, "\a\b\f\n\r\t\v")]
    [InlineData("""FROM="\$\x\u00e9\0" """, """\$\x\u00e9\0""")]
    [InlineData("FROM=\"a\nb\"", "a\nb")]
    public void Double_quotes_decode_the_usual_escapes_and_keep_the_others(string line, string expected) =>
        FromOf(line).Should().Be(expected);

    [Theory]
    [InlineData("""FROM='a\'b\\c' """, """a'b\c""")]
    [InlineData("""FROM='a\nb\"c' """, """a\nb\"c""")]
    [InlineData("FROM='a\nb'", "a\nb")]
    [InlineData("""FROM='a\' """, """a\""")]
    public void Single_quotes_decode_only_the_quote_and_the_backslash(string line, string expected) =>
        FromOf(line).Should().Be(expected);

    [Theory]
    [InlineData("FROM=\"\"\"a \"b\"\nc\"\"\"\nSYSTEM=a b", "a \"b\"\nc")]
    [InlineData("FROM=\"\"\"\r\na\\tb\"\"\"\"\nSYSTEM=a b", "a\tb\"")]
    [InlineData("FROM = '''\na\\tb''' # c\nSYSTEM=a b", "a\\tb")]
    [InlineData("FROM=\"\"\"a\\\"\"\"\"\"\"\nSYSTEM=a b", "a\"\"\"")]
    [InlineData("FROM=\"\"\"\"\"\"\nSYSTEM=a b", null)]
    [InlineData("FROM=\"\"\"${X}\"\"\"\nX=y\nSYSTEM=a b", "${X}")]
    public void Triple_quotes_have_several_lines_in_a_file_that_is_not_TOML(string text, string? expected)
    {
        Modelfile modelfile = ModelfileReader.Parse(text);

        (modelfile.From, modelfile.System).Should().Be((expected, "a b"));
    }

    [Theory]
    [InlineData("""FROM=a\nb""", """a\nb""")]
    [InlineData("FROM=a  b \t ", "a  b")]
    [InlineData("""FROM=a"b"'c'""", """a"b"'c'""")]
    public void A_value_without_quotes_is_read_unchanged(string line, string expected) => FromOf(line).Should().Be(expected);

    [Fact]
    public void The_last_of_several_lines_counts_and_the_others_are_warnings()
    {
        Modelfile modelfile = ModelfileReader.Parse("FROM=\"a\"\nTOP_K=1\nFROM=\"b\"\n");

        modelfile.From.Should().Be("b");
        modelfile.Warnings.Should().ContainSingle().Which.Should().Be("Modelfile:3:1: FROM is set again; the value of line 1 is ignored");
    }

    [Theory]
    [InlineData("FROM=")]
    [InlineData("FROM=\"\"")]
    [InlineData("FROM=''")]
    [InlineData("FROM")]
    [InlineData("FROM # c")]
    public void An_empty_FROM_is_undefined(string line) => FromOf(line).Should().BeNull();

    [Fact]
    public void A_key_without_value_keeps_an_earlier_value()
    {
        Modelfile modelfile = ModelfileReader.Parse("FROM=x y\nFROM\n");

        modelfile.From.Should().Be("x y");
        modelfile.Warnings.Should().ContainSingle().Which.Should().Be("Modelfile:2:1: FROM has no value and is ignored");
    }

    [Theory]
    [InlineData("FROM x.rkllm", "x.rkllm")]
    [InlineData("FROM   x y.rkllm  # c", "x y.rkllm")]
    [InlineData("  FROM\t\"x y.rkllm\"", "x y.rkllm")]
    [InlineData("FROM 'x'", "x")]
    [InlineData("FROM x=y", "x=y")]
    [InlineData("export FROM x", "x")]
    public void A_blank_may_replace_the_equals_sign(string line, string expected) => FromOf(line).Should().Be(expected);

    [Fact]
    public void The_form_of_the_deployment_document_is_read()
    {
        Modelfile modelfile = ModelfileReader.Parse("FROM qwen.rkllm\nHUGGINGFACE Qwen/Qwen2.5-1.5B-Instruct\nMAX_NEW_TOKENS 2048\n");

        modelfile.Should().BeEquivalentTo(new Modelfile { From = "qwen.rkllm", HuggingFacePath = "Qwen/Qwen2.5-1.5B-Instruct", MaxNewTokens = 2048 });
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\r")]
    [InlineData("\n")]
    public void All_line_endings_are_accepted(string newLine)
    {
        Modelfile modelfile = ModelfileReader.Parse($"FROM=x{newLine}{newLine}HUGGINGFACE_PATH=a/b{newLine}NOPE=1");

        modelfile.From.Should().Be("x");
        modelfile.HuggingFacePath.Should().Be("a/b");
        modelfile.Warnings.Should().ContainSingle().Which.Should().StartWith("Modelfile:4:1:");
    }

    [Fact]
    public void A_key_in_lower_case_is_unknown_and_the_right_key_is_named()
    {
        Modelfile modelfile = ModelfileReader.Parse("from=x.rkllm\nTop_K 5\n");

        modelfile.From.Should().BeNull();
        modelfile.TopK.Should().BeNull();
        modelfile.Warnings.Should().Equal(
            "Modelfile:1:1: unknown key 'from' is ignored; did you mean FROM?",
            "Modelfile:2:1: unknown key 'Top_K' is ignored; did you mean TOP_K?");
    }

    [Fact]
    public void An_unknown_key_is_a_warning_with_its_position()
    {
        Modelfile modelfile = ModelfileReader.Parse("FROM=x\n  NOVELTY=1\nREQUIRES 0.14\n");

        modelfile.From.Should().Be("x");
        modelfile.Warnings.Should().Equal(
            "Modelfile:2:3: unknown key 'NOVELTY' is ignored",
            "Modelfile:3:1: unknown key 'REQUIRES' is ignored");
    }

    [Fact]
    public void The_number_of_warnings_is_limited()
    {
        Modelfile modelfile = ModelfileReader.Parse(string.Concat(Enumerable.Range(0, 1000).Select(i => $"K{i}=a b\n")));

        modelfile.Warnings.Should().HaveCount(21);
        modelfile.Warnings[^1].Should().Be("and 980 more warnings about this file");
    }

    private static string? FromOf(string line) => ModelfileReader.Parse(NoToml + line).From;
}

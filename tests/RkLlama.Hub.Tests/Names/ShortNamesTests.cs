using RkLlama.Hub.Names;

namespace RkLlama.Hub.Tests.Names;

public sealed class ShortNamesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rkllama-names-").FullName;

    [Theory]
    [InlineData("deepseek-r1:1.5b")]
    [InlineData("DeepSeek-R1")]
    [InlineData("DeepSeek-R1-1.5B")]
    [InlineData("deepseek-r1:latest")]
    [InlineData("library/deepseek-r1:1.5b")]
    [InlineData("registry.ollama.ai/library/deepseek-r1:1.5b")]
    public void The_shipped_table_has_the_model_of_the_guide(string name)
    {
        ShortNames names = ShortNames.Load(_directory);

        names.Find(name).Should().Contain(static entry => entry.Repo == "kautism/DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4");
    }

    [Fact]
    public void Each_shipped_entry_is_valid_and_names_its_source()
    {
        ShortNames names = ShortNames.Load(_directory);

        names.Warnings.Should().BeEmpty();
        names.Entries.Should().NotBeEmpty().And.OnlyContain(static entry => entry.Source!.StartsWith("https://", StringComparison.Ordinal));
        names.Entries.Select(static entry => (entry.Name, entry.Platform)).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Tables_of_the_operator_come_first()
    {
        Write("10.toml", """
            [[model]]
            name = "deepseek-r1:1.5b"
            repo = "me/mine"
            file = "a.rkllm"
            size = 12
            """);

        ShortName first = ShortNames.Load(_directory).Find("deepseek-r1:1.5b")[0];

        (first.Repo, first.File, first.Size).Should().Be(("me/mine", "a.rkllm", 12L));
    }

    [Fact]
    public void A_table_may_have_all_keys_and_keys_of_later_versions()
    {
        Write("10.toml", """
            # a comment
            [[model]]
            name = 'house:3b' # single quotes
            aliases = ["house", "our-house"]
            "repo" = "me/mine"
            revision = "v2"
            base = "me/base"
            platform = "rk3576"
            sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
            size = 1_000_000
            later = { x = 1 }

            [[model]]
            name = "second"
            repo = "modelscope.cn/me/other"
            """);

        ShortNames names = ShortNames.Load(_directory);

        ShortName first = names.Find("our-house")[0];
        names.Warnings.Should().BeEmpty();
        (first.Name, first.Repo, first.Revision, first.Base, first.Platform, first.Size).Should().Be(("house:3b", "me/mine", "v2", "me/base", "rk3576", 1_000_000L));
        first.Sha256.Should().StartWith("0123456789abcdef");
        names.Find("second")[0].Repo.Should().Be("modelscope.cn/me/other");
    }

    [Theory]
    [InlineData("this is no table", "10.toml is not a table of models")]
    [InlineData("[[model]]\nname = \"a\"\nname = \"b\"\nrepo = \"x/y\"", "10.toml is not a table of models")]
    [InlineData("[[model]]\nname = \"a\"\nrepo = \"nowhere\"", "'a' is ignored: 'repo'")]
    [InlineData("[[model]]\nname = \"a/b\"\nrepo = \"x/y\"", "'a/b' is ignored: 'name'")]
    [InlineData("[[model]]\nname = \"a\"\nrepo = \"x/y\"\nfile = \"model.gguf\"", "'a' is ignored: 'file'")]
    [InlineData("[[model]]\nname = \"a\"\nrepo = \"x/y\"\nsha256 = \"12\"", "'a' is ignored: 'sha256'")]
    [InlineData("[[model]]\nname = \"a\"", "'a' is ignored: 'repo'")]
    [InlineData("[[model]]\nname = 3\nrepo = \"x/y\"", "10.toml: the entry in line 1 is ignored: 'name' is a string")]
    [InlineData("[[model]]\nname = \"a\"\nrepo = \"x/y\"\nsize = \"12\"", "'size' is a number of bytes")]
    [InlineData("[[model]]\nname = \"a\"\nrepo = \"x/y\"\naliases = [\"b\", 1]", "'aliases' is a list of strings")]
    [InlineData("[[model]]\nname = \"a\"\nrepo = \"x/y\"\naliases = \"b\"", "'aliases' is a list of strings")]
    [InlineData("[model]\nname = \"a\"\nrepo = \"x/y\"", "the table 'model' is ignored, because it is not [[model]]")]
    [InlineData("model = [{ name = \"a\" }]", "'model' is ignored, because it is not in a table [[model]]")]
    public void An_error_in_a_table_is_a_warning_and_the_other_tables_remain(string table, string warning)
    {
        Write("10.toml", table);

        ShortNames names = ShortNames.Load(_directory);

        names.Warnings.Should().ContainSingle().Which.Should().Contain(warning);
        names.Find("deepseek-r1:1.5b").Should().NotBeEmpty();
    }

    [Fact]
    public void Similar_names_are_found()
    {
        ShortNames names = ShortNames.Load(_directory);

        names.Similar("deepseek-r1:70b").Should().Contain("deepseek-r1:1.5b");
        names.Similar("deepsek").Should().Contain("deepseek-r1:1.5b");
        names.Similar("zzz").Should().BeEmpty();
        names.Similar("zzzzz").Should().BeEmpty();
        names.Examples.Should().Contain("deepseek-r1:1.5b");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private void Write(string name, string text) => File.WriteAllText(Path.Join(_directory, name), text);
}

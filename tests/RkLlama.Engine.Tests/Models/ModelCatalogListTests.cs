using System.Diagnostics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models;

public sealed class ModelCatalogListTests : IDisposable
{
    private readonly TempDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Directories_with_a_model_file_are_listed_in_ordinal_order()
    {
        _root.Write("tinyllama-1.1b/t.rkllm");
        _root.Write("Qwen-1_8B-Chat/q.rkllm");
        _root.Write("DeepSeek-R1-1.5B/d.rkllm");
        _root.Write(".hidden/h.rkllm");

        List().Should().Equal(".hidden", "DeepSeek-R1-1.5B", "Qwen-1_8B-Chat", "tinyllama-1.1b");
    }

    [Fact]
    public void Directories_without_a_model_are_not_listed()
    {
        _root.MakeDirectory("empty");
        _root.Write("notes/readme.txt");
        _root.Write("capitals/x.RKLLM");
        _root.Write("modelfile-only/Modelfile", "FROM=missing.rkllm\nSYSTEM=a b\n");
        _root.Write("file.txt");

        List().Should().BeEmpty();
    }

    [Fact]
    public void Links_count_like_their_targets_and_broken_ones_are_found_but_not_listed()
    {
        using TempDirectory elsewhere = new();
        elsewhere.Write("model/m.rkllm");
        string file = elsewhere.Write("weights.bin");
        _root.Link("linked-directory", elsewhere.At("model"));
        _root.Link("linked-file/a.rkllm", file);
        _root.Link("dangling/a.rkllm", "/nowhere/a.rkllm");
        _root.Link("dangling-directory", "/nowhere");

        _root.Write("gone/Modelfile", "FROM=gone.rkllm\n");
        _root.MakePipe("pipe/a.rkllm");

        List().Should().Equal("linked-directory", "linked-file");
        ModelCatalog catalog = new(_root.Path);
        catalog.ListAll().Should().Equal("dangling", "gone", "linked-directory", "linked-file", "pipe");
        catalog.Resolve("Dangling:latest").Should().Be("dangling");
        catalog.Resolve("gone").Should().Be("gone");
    }

    [Theory]
    [InlineData("qwen2.5:1.5b", "qwen2.5:1.5b")]
    [InlineData("Qwen2.5:1.5B", "qwen2.5:1.5b")]
    [InlineData("qwen2.5:1.5b:latest", "qwen2.5:1.5b")]
    [InlineData("qwen2.5", null)]
    [InlineData("qwen2.5:latest", null)]
    [InlineData("qwen2.5:7b", null)]
    [InlineData("m:latest", "m")]
    [InlineData("m:v2", null)]
    [InlineData("tagged:latest", "tagged:latest")]
    [InlineData("tagged", "tagged:latest")]
    [InlineData("loose:1b", "loose:1b")]
    public void A_tag_other_than_latest_is_part_of_a_name(string requested, string? expected)
    {
        foreach (string path in (string[])["qwen2.5:1.5b/a.rkllm", "m/a.rkllm", "tagged:latest/a.rkllm", "loose:1b.rkllm"])
            _root.Write(path);

        new ModelCatalog(_root.Path).Resolve(requested).Should().Be(expected);
        List().Should().Equal("loose:1b", "m", "qwen2.5:1.5b", "tagged:latest");
    }

    [Fact]
    public void A_directory_with_a_valid_FROM_is_a_model()
    {
        using TempDirectory elsewhere = new();
        _root.Write("absolute/Modelfile", $"FROM=\"{elsewhere.Write("a.bin")}\"\n");
        _root.Write("relative/Modelfile", "FROM=\"sub/b.bin\"\n");
        _root.Write("relative/sub/b.bin");

        List().Should().Equal("absolute", "relative");
    }

    [Fact]
    public void A_loose_file_is_a_model_with_its_own_name()
    {
        _root.Write("x.rkllm");
        _root.Link("dangling.rkllm", "/nowhere");
        _root.Write(".rkllm");
        _root.Write("..rkllm");
        _root.Write("...rkllm");

        List().Should().Equal("x");
    }

    [Theory]
    [InlineData("FROM=\"../x.rkllm\"\n")]
    [InlineData("FROM ../x.rkllm\n")]
    [InlineData("FROM=\"link.bin\"\n")]
    [InlineData("FROM=\"{root}/x.rkllm\"\n")]
    public void A_loose_file_that_a_Modelfile_names_is_not_listed(string modelfile)
    {
        _root.Write("x.rkllm");
        _root.Write("model/Modelfile", modelfile.Replace("{root}", _root.Path, StringComparison.Ordinal));
        _root.Link("model/link.bin", "../x.rkllm");

        List().Should().Equal("model");
    }

    [Fact]
    public void A_loose_link_and_a_Modelfile_for_the_same_file_are_one_model()
    {
        using TempDirectory elsewhere = new();
        string weights = elsewhere.Write("w.rkllm");
        _root.Link("x.rkllm", weights);
        _root.Link("model/m.rkllm", weights);
        _root.Write("model/Modelfile", "FROM=m.rkllm\n");

        List().Should().Equal("model");
    }

    [Fact]
    public void The_parent_of_a_linked_directory_is_resolved_as_the_kernel_does()
    {
        using TempDirectory elsewhere = new();
        elsewhere.Write("x.rkllm");
        elsewhere.Write("model/Modelfile", "FROM=../x.rkllm\n");
        _root.Link("model", elsewhere.At("model"));
        _root.Write("x.rkllm");

        List().Should().Equal("model", "x");
        new ModelCatalog(_root.Path).Find("model").ModelPath.Should().Be(elsewhere.At("x.rkllm"));
    }

    [Fact]
    public void A_loose_file_with_the_name_of_a_directory_is_not_listed()
    {
        _root.Write("x.rkllm");
        _root.MakeDirectory("x");

        List().Should().BeEmpty();
    }

    [Theory]
    [InlineData("FROM: broken")]
    [InlineData("TOP_K=many")]
    [InlineData("FROM=\"\\u0000\"")]
    public void An_invalid_Modelfile_hides_no_other_model(string modelfile)
    {
        _root.Write("broken/Modelfile", modelfile);
        _root.Write("broken-with-file/Modelfile", modelfile);
        _root.Write("broken-with-file/a.rkllm");
        _root.MakeDirectory("odd/Modelfile");
        _root.Link("loop/Modelfile", "Modelfile");
        _root.Write("good/g.rkllm");
        _root.Write("x.rkllm");

        List().Should().Equal("broken-with-file", "good", "x");
    }

    [Fact]
    public void Names_that_no_client_can_send_are_not_listed()
    {
        _root.Write("good/g.rkllm");
        _root.Write("line\nbreak/a.rkllm");
        _root.Write("back\\slash/a.rkllm");
        // A shell makes the file, because .NET cannot use a name that is not UTF-8.
        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", "mkdir \"$(printf 'bad\\377')\" && touch \"$(printf 'bad\\377/a.rkllm')\" && touch \"$(printf 'x\\377.rkllm')\"" },
            WorkingDirectory = _root.Path,
        })!;
        shell.WaitForExit();
        shell.ExitCode.Should().Be(0);

        IReadOnlyList<string> names = List();
        using Process cleanUp = Process.Start(new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", "rm -rf bad* x*" }, WorkingDirectory = _root.Path })!;
        cleanUp.WaitForExit();

        names.Should().Equal("good");
    }

    [Fact]
    public void New_directories_are_listed_immediately()
    {
        ModelCatalog catalog = new(_root.Path);
        catalog.List().Should().BeEmpty();

        _root.Write("new/n.rkllm");

        catalog.List().Should().Equal("new");
    }

    [Fact]
    public void Listing_and_finding_change_nothing()
    {
        _root.Write("x.rkllm");
        _root.Write("model/Modelfile", "FROM=m.rkllm\n");
        _root.Write("model/m.rkllm");
        _root.MakeDirectory("bare");
        string[] before = Snapshot();

        ModelCatalog catalog = new(_root.Path);
        catalog.List();
        catalog.Find("model");
        catalog.Find("x");
        catalog.Find("bare", "a.rkllm", "a/b");

        Snapshot().Should().Equal(before);
    }

    [Fact]
    public void A_missing_models_directory_is_an_empty_list()
    {
        new ModelCatalog(_root.At("missing")).List().Should().BeEmpty();
    }

    [Fact]
    public void A_models_directory_that_is_a_file_is_an_error()
    {
        string file = _root.Write("file");

        Action list = () => new ModelCatalog(file).List();

        list.Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.ModelsDirectoryUnreadable);
    }

    private IReadOnlyList<string> List() => new ModelCatalog(_root.Path).List();

    private string[] Snapshot() =>
    [
        .. new DirectoryInfo(_root.Path).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Select(entry => $"{entry.FullName} {entry.Attributes} {entry.LastWriteTimeUtc:O} {(entry as FileInfo)?.Length}")
            .Order(StringComparer.Ordinal),
    ];
}

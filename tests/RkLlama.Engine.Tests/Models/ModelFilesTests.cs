using RkLlama.Engine.Models;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models;

public sealed class ModelFilesTests : IDisposable
{
    private readonly TempDirectory _root = new();
    private readonly ModelCatalog _catalog;

    public ModelFilesTests() => _catalog = new(_root.Path);

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_copy_links_the_model_file_and_copies_the_others()
    {
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/Modelfile", "FROM=\"m.rkllm\"\n");

        ModelFiles.Copy(_catalog, "m", "copy:latest");

        new FileInfo(_root.At("copy/m.rkllm")).LinkTarget.Should().Be(_root.At("m/m.rkllm"));
        new FileInfo(_root.At("copy/Modelfile")).LinkTarget.Should().BeNull();
        _catalog.Find("copy").Modelfile.From.Should().Be("m.rkllm");
    }

    [Fact]
    public void A_copy_of_a_loose_file_gets_a_Modelfile()
    {
        _root.Write("m.rkllm", "model");

        ModelFiles.Copy(_catalog, "m", "copy");

        _catalog.Find("copy").Modelfile.From.Should().Be("m.rkllm");
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("m")]
    [InlineData("M")]
    public void An_invalid_or_used_name_is_refused(string destination)
    {
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/Modelfile", "FROM=\"m.rkllm\"\n");

        FluentActions.Invoking(() => ModelFiles.Copy(_catalog, "m", destination)).Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.NameRefused);
    }

    [Fact]
    public void Delete_removes_a_directory_or_a_loose_file()
    {
        _root.Write("m/m.rkllm", "model");
        _root.Write("loose.rkllm", "model");

        ModelFiles.Delete(_catalog, "m");
        ModelFiles.Delete(_catalog, "loose");

        Directory.EnumerateFileSystemEntries(_root.Path).Should().BeEmpty();
    }

    [Fact]
    public void Delete_of_a_linked_directory_keeps_its_target()
    {
        using TempDirectory other = new();
        other.Write("m.rkllm", "model");
        Directory.CreateSymbolicLink(_root.At("m"), other.Path);

        ModelFiles.Delete(_catalog, "m");

        Directory.Exists(_root.At("m")).Should().BeFalse();
        File.Exists(other.At("m.rkllm")).Should().BeTrue();
    }
}

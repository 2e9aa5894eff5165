using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models.Store;

/// <summary>Renames and deletions of models, the names that they may have, and the sweep of leftovers.</summary>
public sealed class ModelStoreTests : IDisposable
{
    private readonly TempDirectory _root = new();
    private readonly ModelCatalog _catalog;
    private readonly ModelStore _store;

    public ModelStoreTests()
    {
        _catalog = new(_root.Path);
        _store = new(_catalog, new StoreFiles(), NullLogger<ModelStore>.Instance);
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_name_with_a_tag_is_the_name_of_the_directory()
    {
        Add("m");

        _store.Copy("m", "x:v2");
        _store.Rename("m", "y:1b").Should().Be("y:1b");
        _store.Remove(_store.Detach("y:1b"));

        _catalog.List().Should().Equal("x:v2");
        _catalog.Find("x:v2").Directory.Should().Be(_root.At("x:v2"));
    }

    [Theory]
    [InlineData("FROM ../m/m.rkllm\nPARAMETER top_k 5\nSYSTEM \"\"\"\nFROM here\n\"\"\"\n")]
    [InlineData("FROM = '''../m/m.rkllm'''\nSTOP = ['a']\n")]
    public void A_rename_makes_FROM_relative_in_every_syntax(string modelfile)
    {
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/Modelfile", modelfile);
        ModelEntry before = _catalog.Find("m");

        _store.Rename("m", "n");

        ModelEntry after = _catalog.Find("n");
        after.ModelPath.Should().Be(_root.At("n/m.rkllm"));
        after.Modelfile.Should().Be(before.Modelfile with { From = "m.rkllm", Warnings = after.Modelfile.Warnings });
    }

    [Theory]
    [InlineData("../x")]
    [InlineData(".rkllama-x")]
    [InlineData("m")]
    [InlineData("M")]
    [InlineData("m:latest")]
    [InlineData("loose")]
    public void An_invalid_or_used_name_is_refused(string destination)
    {
        Add("m");
        _root.Write("loose.rkllm", "model");

        Refused(() => _store.Copy("m", destination)).Kind.Should().Be(ModelErrorKind.NameRefused);
        Refused(() => _store.Rename("m", destination)).Kind.Should().Be(ModelErrorKind.NameRefused);

        Entries().Should().Equal("loose.rkllm", "m");
    }

    [Fact]
    public void A_rename_moves_a_directory_or_a_loose_file()
    {
        Add("m");
        _root.Write("loose.rkllm", "model");

        _store.Rename("m", "n:latest").Should().Be("n");
        _store.Rename("loose", "free");

        _catalog.List().Should().Equal("free", "n");
        File.Exists(_catalog.Find("n").ModelPath).Should().BeTrue();
    }

    [Fact]
    public void A_rename_keeps_a_FROM_that_names_the_old_directory_valid()
    {
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/Modelfile", $"FROM={_root.At("m/m.rkllm")}\nTOP_K=3\n");

        _store.Rename("m", "n");

        ModelEntry entry = _catalog.Find("n");
        File.ReadAllText(entry.ModelPath).Should().Be("model");
        entry.Modelfile.TopK.Should().Be(3);
    }

    [Fact]
    public void A_deletion_removes_a_directory_or_a_loose_file()
    {
        Add("m");
        _root.Write("loose.rkllm", "model");

        _store.Remove(_store.Detach("m"));
        _store.Remove(_store.Detach("loose"));

        Entries().Should().BeEmpty();
    }

    [Fact]
    public void A_deletion_of_a_linked_directory_keeps_its_target()
    {
        using TempDirectory other = new();
        other.Write("m.rkllm", "model");
        Directory.CreateSymbolicLink(_root.At("m"), other.Path);

        _store.Remove(_store.Detach("m"));

        Directory.Exists(_root.At("m")).Should().BeFalse();
        File.Exists(other.At("m.rkllm")).Should().BeTrue();
    }

    [Fact]
    public void The_sweep_deletes_own_leftovers_only()
    {
        Add("m");
        _root.Write(".rkllama-0123456789abcdef.new/m.rkllm", "model");
        _root.Write(".rkllama-0123456789abcdef.deleted", "model");
        _root.Write(".rkllama-notes", "mine");

        _catalog.List().Should().Equal("m");
        _store.Sweep();

        Entries().Should().Equal(".rkllama-notes", "m");
    }

    [Fact]
    public void The_sweep_leaves_a_copy_that_is_being_built()
    {
        StoreFiles files = new();
        string build = _root.At(".rkllama-0123456789abcdef.new");
        using (files.CreateLocked(build))
            _store.Sweep();

        Directory.Exists(build).Should().BeTrue();
        _store.Sweep();
        Directory.Exists(build).Should().BeFalse();
    }

    private void Add(string name)
    {
        _root.Write($"{name}/m.rkllm", "model");
        _root.Write($"{name}/Modelfile", "FROM=\"m.rkllm\"\n");
    }

    private IEnumerable<string?> Entries() => Directory.EnumerateFileSystemEntries(_root.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private static ModelException Refused(Action action) => action.Should().Throw<ModelException>().Which;
}

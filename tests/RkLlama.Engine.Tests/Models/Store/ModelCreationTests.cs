using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Tests.Support;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Tests.Models.Store;

/// <summary>A model is made of another one.</summary>
public sealed class ModelCreationTests : IDisposable
{
    private readonly TempDirectory _root = new();
    private readonly ModelCatalog _catalog;
    private readonly ModelStore _store;

    public ModelCreationTests()
    {
        _catalog = new(_root.Path);
        _store = new(_catalog, new StoreFiles(), NullLogger<ModelStore>.Instance);
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/tokenizer.json", "{}");
        _root.Write("m/Modelfile", "FROM=\"m.rkllm\"\nTEMPERATURE=0.5\nSTOP=\"a\"\nSYSTEM=\"old\"\n");
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_new_model_has_the_settings_of_the_other_one_except_those_that_were_changed()
    {
        (string name, string? replaced) = _store.Create("m", "new:latest", Change(("SYSTEM", ["new\nlines"]), ("STOP", ["b", "c"]), ("MESSAGE", ["user Hi"])));

        (name, replaced).Should().Be(("new", null));
        ModelEntry made = _catalog.Find("new");
        Inode(made.ModelPath).Should().Be(Inode(_root.At("m/m.rkllm")), "the large file is shared");
        File.ReadAllText(_root.At("new/tokenizer.json")).Should().Be("{}");
        (made.Modelfile.Temperature, made.Modelfile.System).Should().Be((0.5, "new\nlines"));
        made.Modelfile.StopSequences.Should().Equal("b", "c");
        made.Modelfile.Messages.Should().Equal("user Hi");
        _catalog.Find("m").Modelfile.System.Should().Be("old");
    }

    [Theory]
    [InlineData("other")]
    [InlineData("OTHER:latest")]
    public void A_model_with_the_new_name_is_replaced(string destination)
    {
        _root.Write("other/o.rkllm", "other");
        _root.Write("other/Modelfile", "FROM=\"o.rkllm\"\nTOP_K=3\n");

        (string name, string? replaced) = _store.Create("m", destination, Change());
        _catalog.List().Should().Equal("m", "other");
        _store.Remove(replaced!);

        name.Should().Be("other");
        File.ReadAllText(_catalog.Find("other").ModelPath).Should().Be("model");
        _catalog.Find("other").Modelfile.TopK.Should().BeNull();
        Directory.EnumerateFileSystemEntries(_root.Path).Should().HaveCount(2);
    }

    [Fact]
    public void A_model_can_be_made_of_itself()
    {
        (string name, string? replaced) = _store.Create("m", "m", Change(("TEMPERATURE", ["0.9"])));
        _store.Remove(replaced!);

        name.Should().Be("m");
        File.ReadAllText(_catalog.Find("m").ModelPath).Should().Be("model");
        (_catalog.Find("m").Modelfile.Temperature, _catalog.Find("m").Modelfile.System).Should().Be((0.9, "old"));
    }

    [Fact]
    public void A_loose_file_with_the_new_name_is_replaced_by_a_directory()
    {
        _root.Write("loose.rkllm", "loose");

        (_, string? replaced) = _store.Create("loose", "loose", Change(("TOP_K", ["1"])));
        _store.Remove(replaced!);

        _catalog.List().Should().Equal("loose", "m");
        File.ReadAllText(_catalog.Find("loose").ModelPath).Should().Be("loose");
        _catalog.Find("loose").Modelfile.TopK.Should().Be(1);
        File.Exists(_root.At("loose.rkllm")).Should().BeFalse();
    }

    [Fact]
    public void Of_a_linked_directory_only_the_link_is_replaced()
    {
        string target = Directory.CreateTempSubdirectory("rkllama-linked-").FullName;
        File.WriteAllText(Path.Join(target, "x.rkllm"), "linked");
        _root.Link("linked", target);

        (_, string? replaced) = _store.Create("m", "linked", Change());
        _store.Remove(replaced!);

        File.ReadAllText(_catalog.Find("linked").ModelPath).Should().Be("model");
        File.ReadAllText(Path.Join(target, "x.rkllm")).Should().Be("linked");
        Directory.Delete(target, recursive: true);
    }

    [Theory]
    [InlineData("TEMPERATURE", "9", "TEMPERATURE is '9'; it must be a number from 0 to 2.")]
    [InlineData("MESSAGE", "nobody x", "MESSAGE is 'nobody x'; it must be a role *")]
    public void A_value_that_is_not_allowed_changes_nothing(string key, string value, string message)
    {
        Action create = () => _store.Create("m", "new", Change((key, [value])));

        create.Should().Throw<ModelException>().WithMessage(message);
        _catalog.List().Should().Equal("m");
    }

    [Fact]
    public void Settings_that_are_too_large_for_a_Modelfile_change_nothing()
    {
        Action create = () => _store.Create("m", "new", Change(("SYSTEM", [new string('x', FileLimits.Modelfile)])));

        create.Should().Throw<ModelException>().WithMessage("*it may have 65536.");
        Directory.EnumerateFileSystemEntries(_root.Path).Should().ContainSingle();
    }

    [Fact]
    public void A_directory_that_is_no_model_is_not_replaced()
    {
        _root.Write("notes/readme.txt", "mine");

        Action create = () => _store.Create("m", "notes", Change());

        create.Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.NameRefused);
        File.ReadAllText(_root.At("notes/readme.txt")).Should().Be("mine");
    }

    private static Func<Modelfile, Modelfile> Change(params (string Key, string[] Values)[] values)
    {
        ModelfileChange change = new();
        foreach ((string key, string[] given) in values)
            change.Set(key, given);
        return change.Apply;
    }

    private static ulong Inode(string path) => FileStatus.Of(path)!.Value.Inode;
}

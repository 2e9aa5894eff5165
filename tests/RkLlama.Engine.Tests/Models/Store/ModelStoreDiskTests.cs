using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models.Store;

/// <summary>Copies, renames and deletions on real file systems that are full or cannot be changed.</summary>
public sealed class ModelStoreDiskTests
{
    [SmallDiskFact]
    public void A_copy_on_a_full_disk_is_refused_and_leaves_nothing()
    {
        using TempDirectory outside = new();
        string weights = outside.Write("w.rkllm", new string('w', 600 * 1024));
        using SmallDisk disk = new(1024);
        Write(disk, "m/Modelfile", $"FROM={weights}\n");
        ModelStore store = New(disk);

        store.Copy("m", "fits");
        FluentActions.Invoking(() => store.Copy("m", "full")).Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.NoSpace);

        Entries(disk).Should().BeEquivalentTo("m", "fits");
        new FileInfo(Path.Join(disk.Path, "fits", "w.rkllm")).Length.Should().Be(600 * 1024);
        store.Remove(store.Detach("fits"));
        store.Copy("m", "full");
    }

    [SmallDiskFact]
    public void A_copy_whose_small_files_fill_the_disk_is_refused_and_leaves_nothing()
    {
        using SmallDisk disk = new(512);
        Write(disk, "m/m.rkllm", "model");
        Write(disk, "m/Modelfile", "FROM=\"m.rkllm\"\n");
        Write(disk, "m/tokenizer.json", new string('t', 300 * 1024));

        FluentActions.Invoking(() => New(disk).Copy("m", "n")).Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.NoSpace);

        Entries(disk).Should().BeEquivalentTo("m");
    }

    [SmallDiskFact]
    public void On_a_read_only_disk_nothing_changes()
    {
        using SmallDisk disk = new(512);
        Write(disk, "m/m.rkllm", "model");
        Write(disk, "m/Modelfile", "FROM=\"m.rkllm\"\n");
        disk.MakeReadOnly();
        ModelStore store = New(disk);

        foreach (Action change in (Action[])[() => store.Copy("m", "n"), () => store.Rename("m", "n"), () => store.Detach("m")])
            change.Should().Throw<ModelException>().WithMessage("*Read-only*").Which.Kind.Should().Be(ModelErrorKind.NotWritable);

        Entries(disk).Should().BeEquivalentTo("m");
    }

    [ImmutableFact]
    public void An_immutable_model_stays_whole()
    {
        using TempDirectory root = new();
        root.Write("m/m.rkllm", "model");
        root.Write("m/Modelfile", "FROM=\"m.rkllm\"\n");
        ModelStore store = new(new(root.Path), new StoreFiles(), NullLogger<ModelStore>.Instance);
        Shell.Run("chattr", "+i", root.At("m"));
        try
        {
            FluentActions.Invoking(() => store.Detach("m")).Should().Throw<ModelException>().Which.Kind.Should().Be(ModelErrorKind.NotWritable);
            FluentActions.Invoking(() => store.Rename("m", "n")).Should().Throw<ModelException>();
        }
        finally
        {
            Shell.Run("chattr", "-i", root.At("m"));
        }

        Directory.EnumerateFiles(root.At("m")).Should().HaveCount(2);
    }

    [ImmutableFact]
    public void A_model_with_an_undeletable_file_is_no_longer_listed()
    {
        using TempDirectory root = new();
        root.Write("m/m.rkllm", "model");
        root.Write("m/Modelfile", "FROM=\"m.rkllm\"\n");
        string other = root.Write("m/other", "x");
        ModelCatalog catalog = new(root.Path);
        ModelStore store = new(catalog, new StoreFiles(), NullLogger<ModelStore>.Instance);
        Shell.Run("chattr", "+i", other);
        string hidden = store.Detach("m");
        try
        {
            store.Remove(hidden);
            store.Sweep();

            catalog.List().Should().BeEmpty();
        }
        finally
        {
            Shell.Run("chattr", "-i", Path.Join(hidden, "other"));
        }

        store.Sweep();
        Directory.EnumerateFileSystemEntries(root.Path).Should().BeEmpty();
    }

    private static ModelStore New(SmallDisk disk) => new(new(disk.Path), new StoreFiles(), NullLogger<ModelStore>.Instance);

    private static void Write(SmallDisk disk, string path, string content)
    {
        string file = Path.Join(disk.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
    }

    private static IEnumerable<string?> Entries(SmallDisk disk) => Directory.EnumerateFileSystemEntries(disk.Path).Select(Path.GetFileName);
}

using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Tests.Support;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Tests.Models.Store;

/// <summary>A copy has all that its model needs, and either may be deleted.</summary>
public sealed class ModelCopyTests : IDisposable
{
    private readonly TempDirectory _root = new();
    private readonly ModelCatalog _catalog;
    private readonly ModelStore _store;

    public ModelCopyTests()
    {
        _catalog = new(_root.Path);
        _store = new(_catalog, new StoreFiles(), NullLogger<ModelStore>.Instance);
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_copy_survives_the_deletion_of_the_original()
    {
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/Modelfile", "FROM=\"m.rkllm\"\nTEMPERATURE=0.5\n");
        _root.Write("m/tokenizer.json", "{}");

        _store.Copy("m", "copy:latest");
        Inode("copy/m.rkllm").Should().Be(Inode("m/m.rkllm"), "the large file is shared");
        Inode("copy/Modelfile").Should().NotBe(Inode("m/Modelfile"), "the small files are not shared");
        _store.Remove(_store.Detach("m"));

        _catalog.List().Should().Equal("copy");
        File.ReadAllText(_catalog.Find("copy").ModelPath).Should().Be("model");
        File.ReadAllText(_root.At("copy/tokenizer.json")).Should().Be("{}");
        _catalog.Find("copy").Modelfile.Temperature.Should().Be(0.5);
    }

    [Theory]
    [InlineData("link")]
    [InlineData("absolute")]
    [InlineData("parent")]
    [InlineData("inside")]
    public void A_copy_has_its_own_name_of_a_file_outside_of_the_directory(string form)
    {
        string outside = _root.Write(form == "inside" ? "m/real.rkllm" : "shared/real.rkllm", "model");
        string from = form switch
        {
            "link" => "w.rkllm",
            "parent" => "../shared/real.rkllm",
            _ => outside,
        };
        _root.Write("m/Modelfile", $"TEMPERATURE=0.5\nFROM=\"{from}\"\nSYSTEM=\"x\"\n");
        if (form == "link")
            _root.Link("m/w.rkllm", outside);

        _store.Copy("m", "copy");
        _store.Remove(_store.Detach("m"));
        if (form != "inside")
            File.Delete(outside);

        ModelEntry copy = _catalog.Find("copy");
        Path.GetDirectoryName(copy.ModelPath).Should().Be(_root.At("copy"));
        File.ReadAllText(copy.ModelPath).Should().Be("model");
        new FileInfo(copy.ModelPath).LinkTarget.Should().BeNull();
        (copy.Modelfile.Temperature, copy.Modelfile.System).Should().Be((0.5, "x"));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public void The_error_of_a_copy_names_the_file_that_cannot_be_read()
    {
        // The superuser can read every file.
        if (Environment.IsPrivilegedProcess)
            return;
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/Modelfile", "FROM=\"m.rkllm\"\n");
        string closed = _root.Write("m/closed.json", "{}");
        File.SetUnixFileMode(closed, UnixFileMode.None);

        Action copy = () => _store.Copy("m", "copy");

        copy.Should().Throw<ModelException>().WithMessage($"*'{closed}' cannot be read:*").Which.Kind.Should().Be(ModelErrorKind.NotWritable);
        _catalog.List().Should().Equal("m");
    }

    [Fact]
    public void The_error_of_a_copy_names_weights_that_the_disk_cannot_read()
    {
        _root.Write("m/Modelfile", "FROM=\"m.rkllm\"\n");

        // A regular file on another file system, of which the first read fails with EIO.
        _root.Link("m/m.rkllm", "/proc/self/mem");

        Refused(() => _store.Copy("m", "copy")).Message.Should().Match($"The model cannot be copied: '{_root.At("m/m.rkllm")}' cannot be read: *");

        Entries().Should().Equal("m");
    }

    [Fact]
    public void Links_to_files_outside_of_the_directory_stay_links_and_others_become_files()
    {
        Add("m");
        string outside = _root.Write("shared/tokenizer.json", "shared");
        _root.Link("m/absolute.json", outside);
        _root.Link("m/relative.json", "../shared/tokenizer.json");
        _root.Link("m/templates", "../shared");
        _root.Link("m/through.json", "templates/tokenizer.json");
        _root.Write("m/own.json", "own");
        _root.Link("m/inside.json", "own.json");

        _store.Copy("m", "copy");

        foreach (string link in (string[])["absolute.json", "relative.json"])
        {
            new FileInfo(_root.At($"copy/{link}")).LinkTarget.Should().NotBeNull();
            File.ReadAllText(_root.At($"copy/{link}")).Should().Be("shared");
        }

        new FileInfo(_root.At("copy/through.json")).LinkTarget.Should().NotBeNull();
        new FileInfo(_root.At("copy/inside.json")).LinkTarget.Should().BeNull();
        File.ReadAllText(_root.At("copy/inside.json")).Should().Be("own");
    }

    [Fact]
    public void A_copy_of_a_loose_file_gets_a_Modelfile()
    {
        _root.Write("m.rkllm", "model");

        _store.Copy("m", "copy");

        _catalog.Find("copy").Modelfile.From.Should().Be("m.rkllm");
    }

    [Fact]
    public void A_copy_leaves_out_pipes_directories_and_dangling_links()
    {
        Add("m");
        _root.MakePipe("m/tokenizer.json");
        _root.Write("m/sub/file");
        _root.Link("m/other.rkllm", "/nowhere");

        _store.Copy("m", "copy");

        Directory.EnumerateFileSystemEntries(_root.At("copy")).Select(Path.GetFileName).Should().BeEquivalentTo("m.rkllm", "Modelfile");
    }

    [Fact]
    public void A_copy_has_the_subdirectories_with_templates_and_tokenizer()
    {
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/Modelfile", "FROM ./m.rkllm\nPARAMETER top_k 5\nTOKENIZER ./tok/tokenizer.json\n");
        _root.Write("m/tok/tokenizer.json", "{}");
        _root.Write("m/additional_chat_templates/tool_use.jinja", "tools");
        _root.Write("m/onnx/model.bin", "large");

        _store.Copy("m", "copy");

        File.ReadAllText(_root.At("copy/tok/tokenizer.json")).Should().Be("{}");
        File.ReadAllText(_root.At("copy/additional_chat_templates/tool_use.jinja")).Should().Be("tools");
        Directory.Exists(_root.At("copy/onnx")).Should().BeFalse();
        _catalog.Find("copy").Modelfile.Tokenizer.Should().Be("./tok/tokenizer.json");
    }

    [Fact]
    public void A_TOKENIZER_outside_of_the_directory_is_not_copied()
    {
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/Modelfile", "FROM=\"m.rkllm\"\nTOKENIZER=\"../shared\"\n");
        _root.Write("shared/tokenizer.json", "{}");

        _store.Copy("m", "copy");

        Directory.EnumerateFileSystemEntries(_root.At("copy")).Select(Path.GetFileName).Should().BeEquivalentTo("m.rkllm", "Modelfile");
    }

    [Theory]
    [InlineData("../m/tok")]
    [InlineData("{root}/m/tok/tokenizer.json")]
    public void A_TOKENIZER_that_contains_the_name_of_the_directory_becomes_relative(string form)
    {
        string expected = form.EndsWith(".json", StringComparison.Ordinal) ? "tok/tokenizer.json" : "tok";
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/Modelfile", $"FROM=\"m.rkllm\"\nTOKENIZER=\"{form.Replace("{root}", _root.Path, StringComparison.Ordinal)}\"\nTOP_K=3\n");
        _root.Write("m/tok/tokenizer.json", "{}");

        _store.Copy("m", "copy");
        _store.Rename("m", "n");

        foreach (string name in (string[])["copy", "n"])
        {
            (_catalog.Find(name).Modelfile.Tokenizer, _catalog.Find(name).Modelfile.TopK).Should().Be((expected, 3));
            File.Exists(_root.At($"{name}/tok/tokenizer.json")).Should().BeTrue();
        }
    }

    [Fact]
    public void A_copy_of_a_model_without_its_file_is_refused_and_leaves_nothing()
    {
        _root.Write("m/Modelfile", "FROM=\"m.rkllm\"\n");
        _root.Link("m/m.rkllm", "/nowhere");

        Refused(() => _store.Copy("m", "copy")).Kind.Should().Be(ModelErrorKind.NotCopyable);

        Entries().Should().Equal("m");
    }

    [Fact]
    public void A_copy_to_another_file_system_has_the_same_content()
    {
        const string Memory = "/dev/shm";
        if (!Directory.Exists(Memory) || FileStatus.Of(Memory)!.Value.Device == FileStatus.Of(_root.Path)!.Value.Device)
            return; // there is no second file system
        string outside = Path.Join(Memory, $"rkllama-{Guid.NewGuid():N}.rkllm");
        byte[] content = new byte[(3 << 20) + 5];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(outside, content);
        try
        {
            _root.Write("m/Modelfile", $"FROM={outside}\n");

            _store.Copy("m", "copy");
        }
        finally
        {
            File.Delete(outside);
        }

        File.ReadAllBytes(_catalog.Find("copy").ModelPath).Should().Equal(content);
    }

    private void Add(string name)
    {
        _root.Write($"{name}/m.rkllm", "model");
        _root.Write($"{name}/Modelfile", "FROM=\"m.rkllm\"\n");
    }

    private ulong Inode(string path) => FileStatus.Of(_root.At(path))!.Value.Inode;

    private IEnumerable<string?> Entries() => Directory.EnumerateFileSystemEntries(_root.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private static ModelException Refused(Action action) => action.Should().Throw<ModelException>().Which;
}

using RkLlama.Engine.Models;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models;

public sealed class ModelFileInfoTests : IDisposable
{
    private readonly TempDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Size_and_path_are_those_of_the_target_of_a_link()
    {
        string target = _root.Write("store/file.rkllm", "12345");
        _root.Link("m/m.rkllm", target);
        _root.Write("m/Modelfile", "FROM=\"m.rkllm\"\n");

        ModelFileInfo info = ModelFileInfo.Read(new ModelCatalog(_root.Path), "m");

        (info.Name, info.Path, info.Size).Should().Be(("m", target, 5L));
        info.Modified.Should().BeCloseTo(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void A_missing_file_or_model_has_size_0()
    {
        _root.Write("m/Modelfile", "FROM=\"gone.rkllm\"\n");
        ModelCatalog catalog = new(_root.Path);

        ModelFileInfo gone = ModelFileInfo.Read(catalog, "m"), none = ModelFileInfo.Read(catalog, "none");

        (gone.Size, gone.Modified, gone.Modelfile is null).Should().Be((0L, DateTimeOffset.UnixEpoch, false));
        (none.Size, none.Path, none.Modelfile).Should().Be((0L, "", null));
    }
}

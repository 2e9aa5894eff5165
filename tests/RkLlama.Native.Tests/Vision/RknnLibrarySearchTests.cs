using RkLlama.Native.Vision;

namespace RkLlama.Native.Tests.Vision;

public sealed class RknnLibrarySearchTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rkllama-search-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_directory_of_the_other_library_comes_first()
    {
        string beside = Create("opt/board/librknnrt.so");
        Create("usr/lib/librknnrt.so");

        RknnLibrarySearch search = RknnLibrarySearch.Run(null, Path.Join(_root, "opt/board/librkllmrt.so"), "/root", _root);

        search.Path.Should().Be(beside);
    }

    [Fact]
    public void Without_it_there_the_standard_directories_are_tried_in_the_documented_order()
    {
        IReadOnlyList<string> tried = RknnLibrarySearch.Run(null, Path.Join(_root, "usr/lib/librkllmrt.so"), "/root", _root).Tried;

        tried.Where(path => !path.Contains(AppContext.BaseDirectory)).Should().Equal(
            Path.Join(_root, "usr/lib/librknnrt.so"), Path.Join(_root, "opt/rkllama/lib/librknnrt.so"), Path.Join(_root, "root/RKLLAMA/lib/librknnrt.so"),
            Path.Join(_root, "usr/local/lib/librknnrt.so"));
    }

    [Fact]
    public void If_a_named_path_is_missing_no_other_path_is_tried()
    {
        Create("usr/lib/librknnrt.so");

        RknnLibrarySearch search = RknnLibrarySearch.Run("/absent.so", Path.Join(_root, "usr/lib/librkllmrt.so"), "", _root);

        search.Path.Should().BeNull();
        search.Tried.Should().Equal(Path.Join(_root, "absent.so"));
        search.NotFoundMessage.Should().Contain("--rknn-library").And.Contain("RKLLAMA_RKNN_LIBRARY").And.Contain("absent.so");
    }

    private string Create(string path)
    {
        string full = Path.Join(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, "");
        return full;
    }
}

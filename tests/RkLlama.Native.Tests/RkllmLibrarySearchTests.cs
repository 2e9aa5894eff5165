namespace RkLlama.Native.Tests;

public sealed class RkllmLibrarySearchTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rkllama-search-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_named_file_is_found()
    {
        string file = Path.Combine(_directory, "renamed.so");
        File.WriteAllText(file, "");

        RkllmLibrarySearch.Run(file).Path.Should().Be(file);
    }

    [Fact]
    public void A_named_directory_is_searched()
    {
        string file = Path.Combine(_directory, RkllmLibrarySearch.FileName);
        File.WriteAllText(file, "");

        RkllmLibrarySearch.Run(_directory).Path.Should().Be(file);
    }

    [Fact]
    public void If_a_named_path_is_missing_no_other_path_is_tried()
    {
        RkllmLibrarySearch search = RkllmLibrarySearch.Run(Path.Combine(_directory, "absent.so"));

        search.Path.Should().BeNull();
        search.Tried.Should().Equal(Path.Combine(_directory, "absent.so"));
        search.NotFoundMessage.Should().Contain("absent.so").And.Contain("--library").And.Contain("RKLLAMA_LIBRARY");
    }

    [Fact]
    public void Standard_directories_are_tried_in_the_documented_order()
    {
        string? named = Environment.GetEnvironmentVariable("RKLLAMA_LIBRARY");
        Environment.SetEnvironmentVariable("RKLLAMA_LIBRARY", null);

        IReadOnlyList<string> tried = RkllmLibrarySearch.Run(null).Tried;
        Environment.SetEnvironmentVariable("RKLLAMA_LIBRARY", named);

        tried[0].Should().StartWith(AppContext.BaseDirectory);
        string.Join(' ', tried.Skip(1)).Should().MatchRegex(@"^/opt/rkllama/lib/librkllmrt\.so( \S+/RKLLAMA/lib/librkllmrt\.so( /usr/lib/librkllmrt\.so( /usr/local/lib/librkllmrt\.so)?)?)?$");
    }
}

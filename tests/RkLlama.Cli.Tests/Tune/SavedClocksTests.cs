using RkLlama.Cli.Tune;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Cli.Tests.Tune;

public sealed class SavedClocksTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly SavedClocks _saved;

    public SavedClocksTests() => _saved = new(_directory.At("run/found"));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Values_are_loaded_in_the_order_in_which_they_were_added()
    {
        _saved.Add([("/sys/b", "1"), ("/sys/a", "two words")]);

        _saved.Load().Should().Equal(("/sys/b", "1"), ("/sys/a", "two words"));
    }

    [Fact]
    public void The_first_value_of_a_file_stays()
    {
        _saved.Add([("/sys/a", "before")]);

        _saved.Add([("/sys/a", "after"), ("/sys/b", "new")]);

        _saved.Load().Should().Equal(("/sys/a", "before"), ("/sys/b", "new"));
    }

    [Fact]
    public void Delete_removes_all_values()
    {
        _saved.Add([("/sys/a", "1")]);

        _saved.Delete();

        _saved.Load().Should().BeEmpty();
    }

    [Fact]
    public void Delete_does_nothing_if_the_directory_does_not_exist()
    {
        _saved.Delete();

        _saved.Load().Should().BeEmpty();
    }
}

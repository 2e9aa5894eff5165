using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models.Store;

/// <summary>A model is deleted, renamed or replaced while it is copied. The change happens before each step of the copy.</summary>
public sealed class ModelStoreRaceTests : IDisposable
{
    private readonly TempDirectory _root = new();
    private readonly ModelCatalog _catalog;
    private readonly ModelStore _store;

    public ModelStoreRaceTests()
    {
        _catalog = new(_root.Path);
        _store = new(_catalog, new StoreFiles(), NullLogger<ModelStore>.Instance);
    }

    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (string verb in (string[])["copy", "create"])
            {
                foreach (string change in (string[])["delete", "rename", "replace", "remove a file"])
                    cases.Add(verb, change);
            }

            return cases;
        }
    }

    public void Dispose() => _root.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_copy_has_all_files_of_one_state_or_there_is_none(string verb, string change)
    {
        bool isDone = false;
        for (int step = 1; !isDone; step++)
        {
            step.Should().BeLessThan(50);
            Prepare();
            int at = step;
            FaultyFiles files = new() { Before = call => ChangeAt(call, at, change) };
            ModelException? failure = Run(verb, files);
            isDone = files.Calls < step;

            _catalog.Resolve("copy").Should().Be(failure is null ? "copy" : null, "step {0}: {1}", step, failure);
            if (failure is null)
                StateOf("copy").Should().BeOneOf("old old old", "new new new", "old old ");
            else
                failure.Kind.Should().Be(ModelErrorKind.DirectoryNotFound);
            Directory.EnumerateFileSystemEntries(_root.Path, ".*").Should().BeEmpty();
            Clear();
        }
    }

    private void ChangeAt(int call, int step, string change)
    {
        if (call != step)
            return;
        switch (change)
        {
            case "delete":
                _store.Remove(_store.Detach("m"));
                break;
            case "rename":
                _store.Rename("m", "z");
                break;
            case "replace":
                _store.Remove(_store.Create("other", "m", static modelfile => modelfile).Replaced!);
                break;
            default:
                File.Delete(_root.At("m/z.json"));
                break;
        }
    }

    private ModelException? Run(string verb, IStoreFiles files)
    {
        ModelStore store = new(_catalog, files, NullLogger<ModelStore>.Instance);
        try
        {
            if (verb == "copy")
                store.Copy("m", "copy");
            else
                store.Create("m", "copy", static modelfile => modelfile with { Temperature = 0.7 });
            return null;
        }
        catch (ModelException ex)
        {
            return ex;
        }
    }

    private void Prepare()
    {
        foreach ((string model, string content) in (ReadOnlySpan<(string, string)>)[("m", "old"), ("other", "new")])
        {
            _root.Write($"{model}/m.rkllm", content);
            _root.Write($"{model}/Modelfile", "FROM=\"m.rkllm\"\n");
            _root.Write($"{model}/a.json", content);
            _root.Write($"{model}/z.json", content);
        }
    }

    private void Clear()
    {
        foreach (string directory in Directory.EnumerateDirectories(_root.Path))
            Directory.Delete(directory, recursive: true);
    }

    private string StateOf(string model) => string.Join(' ', ((string[])["m.rkllm", "a.json", "z.json"]).Select(file => Path.Join(_root.At(model), file)).Select(static path => File.Exists(path) ? File.ReadAllText(path) : ""));
}

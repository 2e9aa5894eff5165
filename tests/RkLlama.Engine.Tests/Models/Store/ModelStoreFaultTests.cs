using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Models.Store;

/// <summary>
/// Each change of the models directory fails once, in each verb: afterwards the models directory is as before the verb or as after it, for its readers and
/// after the sweep of the next start.
/// </summary>
public sealed class ModelStoreFaultTests : IDisposable
{
    private const int InputOutputError = 5;
    private const int NoSpace = 28;
    private const int ReadOnly = 30;
    private const int NotPermitted = 1;
    private const int MaxChanges = 50;

    private readonly TempDirectory _root = new();
    private readonly ModelCatalog _catalog;

    public ModelStoreFaultTests() => _catalog = new(_root.Path);

    public void Dispose() => _root.Dispose();

    public static TheoryData<string, int, bool> Cases
    {
        get
        {
            TheoryData<string, int, bool> cases = [];
            foreach (string verb in (string[])["copy", "rename", "rename-absolute", "delete", "create", "replace"])
            {
                foreach (int error in (int[])[InputOutputError, NoSpace, ReadOnly, NotPermitted])
                {
                    cases.Add(verb, error, false);
                    cases.Add(verb, error, true);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_fault_leaves_the_state_before_or_after(string verb, int error, bool isKilled)
    {
        string before = Prepare(verb), after = "";
        int changes = 0;
        for (int failAt = 1; ; failAt++)
        {
            failAt.Should().BeLessThan(MaxChanges);
            FaultyFiles files = new() { FailAt = failAt, IsKilled = isKilled, Error = error, LeavesHalf = true };
            ModelException? failure = Run(verb, files);
            if (files.Calls < failAt)
            {
                failure.Should().BeNull();
                after = State();
                changes = failAt - 1;
                break;
            }

            string afterwards = State();
            if (failure is not null)
                failure.Kind.Should().Be(error == NoSpace ? ModelErrorKind.NoSpace : ModelErrorKind.NotWritable);
            afterwards.Should().BeOneOf(before, AfterOf(verb), $"change {failAt} of {verb} failed");
            (afterwards == before).Should().Be(failure is not null, "an error means that nothing has changed: change {0} of {1}", failAt, verb);

            Sweep();
            State().Should().Be(afterwards, "the sweep changes no model");
            Clear();
            Prepare(verb).Should().Be(before);
        }

        after.Should().Be(AfterOf(verb));
        changes.Should().BePositive();
    }

    [Fact]
    public void A_deletion_that_cannot_remove_the_files_hides_the_model_and_says_so()
    {
        Prepare("delete");
        LogLines<ModelStore> log = new();
        ModelStore store = new(_catalog, new FaultyFiles { FailAt = 3, Error = NotPermitted }, log);

        store.Remove(store.Detach("m"));

        _catalog.List().Should().BeEmpty();
        log.All.Should().ContainSingle().Which.Should().Contain("still takes space");
    }

    [Fact]
    public void A_cancelled_copy_leaves_nothing()
    {
        string before = Prepare("copy");
        using CancellationTokenSource cancelled = new();
        FaultyFiles files = new() { Before = call => CancelAt(call, 2, cancelled) };

        FluentActions.Invoking(() => new ModelStore(_catalog, new CancellingFiles(files), NullLogger<ModelStore>.Instance).Copy("m", "n", cancelled.Token))
            .Should().Throw<OperationCanceledException>();

        State().Should().Be(before);
        Directory.EnumerateFileSystemEntries(_root.Path, ".*").Should().BeEmpty();
    }

    private static void CancelAt(int call, int at, CancellationTokenSource source)
    {
        if (call == at)
            source.Cancel();
    }

    private static string AfterOf(string verb) => verb switch
    {
        "copy" => "m: model 0.5; n: model 0.5",
        "create" => "m: model 0.5; n: model 0.7",
        "replace" => "m: model 0.7",
        "delete" => "",
        _ => "n: model 0.5",
    };

    /// <summary>
    /// Sweeps until nothing is left. Other tests start processes at the same time: between fork and exec, such a process has a copy of each lock.
    /// </summary>
    private void Sweep() => SpinWait.SpinUntil(
        () =>
        {
            new ModelStore(_catalog, new StoreFiles(), NullLogger<ModelStore>.Instance).Sweep();
            return !Directory.EnumerateFileSystemEntries(_root.Path, ".*").Any();
        },
        HeldRuns.Patience).Should().BeTrue("the sweep removes all leftovers");

    private ModelException? Run(string verb, IStoreFiles files)
    {
        ModelStore store = new(_catalog, files, NullLogger<ModelStore>.Instance);
        try
        {
            if (verb == "copy")
                store.Copy("m", "n");
            else if (verb is "create" or "replace" && store.Create("m", verb == "create" ? "n" : "m", static modelfile => modelfile with { Temperature = 0.7 }) is { Replaced: { } replaced })
                store.Remove(replaced);
            else if (verb == "delete")
                store.Remove(store.Detach("m"));
            else if (verb is "rename" or "rename-absolute")
                store.Rename("m", "n");
            return null;
        }
        catch (ModelException ex)
        {
            return ex;
        }
    }

    private string Prepare(string verb)
    {
        _root.Write("m/m.rkllm", "model");
        _root.Write("m/tokenizer.json", "{}");
        _root.Write("m/Modelfile", $"FROM=\"{(verb == "rename-absolute" ? _root.At("m/") : "")}m.rkllm\"\nTEMPERATURE=0.5\n");
        return State();
    }

    private void Clear()
    {
        foreach (string directory in Directory.EnumerateDirectories(_root.Path))
            Directory.Delete(directory, recursive: true);
    }

    /// <summary>Returns what a reader sees: each model with the content of its file and a value of its Modelfile. An incomplete model is an exception.</summary>
    private string State() => string.Join("; ", _catalog.List().Select(name =>
    {
        ModelEntry entry = _catalog.Find(name);
        File.ReadAllText(Path.Join(entry.Directory, "tokenizer.json")).Should().Be("{}");
        return FormattableString.Invariant($"{name}: {File.ReadAllText(entry.ModelPath)} {entry.Modelfile.Temperature}");
    }));

    /// <summary>Passes a cancelled token on as the real copy to another file system does: with an exception.</summary>
    private sealed class CancellingFiles(FaultyFiles files) : IStoreFiles
    {
        public IDisposable CreateLocked(string directory) => files.CreateLocked(directory);

        public void Link(string source, string destination, CancellationToken cancellationToken)
        {
            files.Link(source, destination, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
        }

        public void Write(string path, ReadOnlySpan<byte> content) => files.Write(path, content);

        public bool TryRename(string source, string destination) => files.TryRename(source, destination);

        public void Replace(string source, string destination) => files.Replace(source, destination);

        public void Exchange(string one, string other) => files.Exchange(one, other);

        public void Delete(string path) => files.Delete(path);

        public bool TryDeleteUnlocked(string path) => files.TryDeleteUnlocked(path);

        public void Sync(string directory) => files.Sync(directory);
    }
}

using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Prefixes;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Tests.Prefixes;

/// <summary>The files of saved prefixes: their bound, and what is deleted.</summary>
#pragma warning disable CA1416 // file modes do not exist on Windows, and this program runs on Linux only
public sealed class PrefixStoreTests : IDisposable
{
    // More than three tokens are assumed to need before the size of a token is known.
    private const int Bytes = 500_000;
    private static readonly LoadedModelInfo Facts = new("1.2.3", null, false, 4096, 10);
    private readonly TempDirectory _root = new();
    private readonly NodeMetrics _metrics = new();
    private readonly SettableTime _time = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose()
    {
        _metrics.Dispose();
        _root.Dispose();
    }

    [Fact]
    public void A_saved_prefix_is_found_with_its_tokens()
    {
        Save(NewStore(), "m").Should().BeTrue();

        SavedPrefix? found = NewStore().Find(Model("m"), CancellationToken.None);

        found!.Sidecar.Tokens.Should().Equal(1, 2, 3);
        found.Sidecar.AllTokens.Should().Equal(1, 2, 3, 4);
        found.Sidecar.Identity.With(Facts).Should().Be(found.Sidecar.Identity);
        File.ReadAllBytes(found.Path).Should().HaveCount(Bytes);
    }

    [Fact]
    public void The_least_recently_used_files_are_deleted_if_all_together_are_too_large()
    {
        PrefixStore store = NewStore((3 * Bytes) + 20_000);
        foreach (string model in (string[])["a", "b", "c"])
        {
            Save(store, model);
            Use(store, model);
        }

        Use(store, "a");
        Save(store, "d").Should().BeTrue();

        store.Find(Model("b"), CancellationToken.None).Should().BeNull();
        foreach (string model in (string[])["a", "c", "d"])
            store.Find(Model(model), CancellationToken.None).Should().NotBeNull();
    }

    [Fact]
    public void A_smaller_bound_takes_effect_at_the_next_start_and_zero_deletes_everything()
    {
        PrefixStore store = NewStore();
        Save(store, "a");
        Save(store, "b");

        NewStore(Bytes + 20_000);
        Files().Should().HaveCount(2);
        NewStore(0).IsOn.Should().BeFalse();

        Files().Should().BeEmpty();
    }

    [Fact]
    public void If_clients_do_not_share_caches_nothing_is_saved_and_what_is_there_is_deleted()
    {
        Save(NewStore(), "m");

        PrefixStore store = new(Options() with { SharesKvCaches = false }, _metrics, _time, NullLogger<PrefixStore>.Instance);

        store.IsOn.Should().BeFalse();
        Files().Should().BeEmpty();
    }

    [Fact]
    public void A_file_that_is_larger_than_the_bound_is_not_saved_and_the_next_attempt_writes_nothing()
    {
        PrefixStore store = NewStore(Bytes);

        Save(store, "m", bytes: Bytes + 1).Should().BeFalse();

        Files().Should().BeEmpty();
        store.Prepare("m", 3).Should().BeNull("the size of a token is known now");
    }

    [Fact]
    public void A_prefix_that_does_not_fit_by_the_usual_size_of_a_token_is_not_saved_the_first_time()
    {
        PrefixStore store = NewStore(100 << 20);

        store.Prepare("m", 1000).Should().BeNull("1,000 tokens of a model of 4B need 144 MiB");

        Files().Should().BeEmpty();
    }

    [Fact]
    public void The_size_of_a_token_is_known_from_the_file_of_an_earlier_process()
    {
        Save(NewStore(), "m");
        PrefixStore store = NewStore(10 * Bytes);
        store.Find(Model("m"), CancellationToken.None).Should().NotBeNull();

        store.Prepare("m", 29).Should().NotBeNull();
        store.Prepare("m", 31).Should().BeNull("31 tokens need more than ten times the bytes of 3");
    }

    [Fact]
    public void An_empty_file_means_that_the_runtime_saves_none_until_it_changes()
    {
        PrefixStore store = NewStore();

        Save(store, "m", bytes: 0).Should().BeFalse();

        store.IsDisabled(Identity("m")).Should().BeTrue();
        store.IsDisabled(Identity("m") with { Runtime = "1.3.0" }).Should().BeFalse();
        Files().Should().BeEmpty();
    }

    [Fact]
    public void A_crash_deletes_the_file_and_is_reported_once()
    {
        LogLines<PrefixStore> log = new();
        PrefixStore store = NewStore(log: log);
        Save(store, "m");

        store.DisableAfterCrash(Identity("m"));
        store.DisableAfterCrash(Identity("m"));

        Files().Should().BeEmpty();
        store.TokensOf("m").Should().BeNull();
        log.All.Should().ContainSingle(static line => line.Contains("crashed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_model_that_is_deleted_during_the_commit_leaves_no_file()
    {
        Save(NewStore(), "m", isWanted: false).Should().BeFalse();

        Files().Should().BeEmpty();
    }

    [Fact]
    public void Leftovers_are_deleted_at_the_start_and_other_files_stay()
    {
        PrefixStore store = NewStore();
        Save(store, "m");
        string name = Path.GetFileName(Files()[0])[..32];
        string alone = _root.Write($"cache/{new string('0', 32)}.cache"), stopped = _root.Write($"cache/{name}.0.tmp"), other = _root.Write("cache/notes.json");

        NewStore();

        File.Exists(alone).Should().BeFalse();
        File.Exists(stopped).Should().BeFalse();
        File.Exists(other).Should().BeTrue();
        NewStore().Find(Model("m"), CancellationToken.None).Should().NotBeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_directory_that_is_a_link_or_that_others_may_write_to_is_not_used(bool isLink)
    {
        if (isLink)
            _root.Link("cache", _root.MakeDirectory("target"));
        else
            File.SetUnixFileMode(_root.MakeDirectory("cache"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);

        NewStore().IsOn.Should().BeFalse();
    }

    [SmallDiskFact]
    public void A_full_disk_drops_the_file_without_a_warning()
    {
        using SmallDisk disk = new(kibibytes: 64);
        PrefixStore store = new(Options() with { CacheDirectory = Path.Combine(disk.Path, "cache") }, _metrics, _time, NullLogger<PrefixStore>.Instance);
        string file = store.Prepare("m", tokens: 0)!;
        Action fill = () => File.WriteAllBytes(file, new byte[Bytes]);
        fill.Should().Throw<IOException>();

        store.Delete(file);

        Directory.EnumerateFiles(Path.Combine(disk.Path, "cache")).Should().BeEmpty();
    }

    private void Use(PrefixStore store, string model)
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        store.RecordLoad(store.Find(Model(model), CancellationToken.None)!, TimeSpan.Zero);
    }

    private bool Save(PrefixStore store, string model, int bytes = Bytes, bool isWanted = true)
    {
        string file = store.Prepare(model, 3)!;
        File.WriteAllBytes(file, [.. Enumerable.Repeat((byte)7, bytes)]);
        return store.Commit(Identity(model), file, [1, 2, 3], [4], () => isWanted);
    }

    private PrefixIdentity Identity(string model) => PrefixIdentity.Of(Model(model))!.With(Facts);

    private ModelLoadParameters Model(string name)
    {
        string path = _root.At($"{name}.rkllm");
        if (!File.Exists(path))
            File.WriteAllText(path, name);
        return new(name, path, 4096, 10, SamplingParameters.Default) { PromptIdentity = "p" };
    }

    private string[] Files() => Directory.Exists(_root.At("cache")) ? Directory.GetFiles(_root.At("cache")) : [];

    private NodeOptions Options() => new() { ModelsDirectory = _root.Path, CacheDirectory = _root.At("cache") };

    private PrefixStore NewStore(long maxBytes = 1 << 30, LogLines<PrefixStore>? log = null) =>
        new(Options() with { PromptCacheBytes = maxBytes }, _metrics, _time, log ?? new LogLines<PrefixStore>());
}

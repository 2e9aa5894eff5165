using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Prefixes;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Tests.Prefixes;

/// <summary>The load of saved prefixes after the load of their models.</summary>
public sealed class PrefixLoadingEngineTests : IDisposable
{
    private readonly TempDirectory _root = new();
    private readonly NodeMetrics _metrics = new();
    private readonly FakeEngine _engine = new();
    private readonly PrefixStore _store;
    private readonly ModelLoadParameters _model;

    public PrefixLoadingEngineTests()
    {
        _store = new(new() { ModelsDirectory = _root.Path, CacheDirectory = _root.At("cache") }, _metrics, TimeProvider.System, NullLogger<PrefixStore>.Instance);
        _model = new("m", _root.Write("m.rkllm", "x"), 4096, 10, SamplingParameters.Default) { PromptIdentity = "p" };
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _root.Dispose();
    }

    [Fact]
    public async Task Every_session_loads_the_prefix_with_all_tokens_that_the_file_may_contain()
    {
        Save();
        IReadOnlyList<int> known = [];
        _engine.LoadPrefix = (_, tokens) =>
        {
            known = tokens;
            return PrefixLoadResult.Loaded;
        };

        FakeSession first = await LoadAsync(), second = await LoadAsync();

        first.LoadedFile.Should().NotBeNull();
        second.LoadedFile.Should().Be(first.LoadedFile);
        known.Should().Equal(1, 2, 3, 4);
        Value("rkllama_prefix_loaded_tokens_total").Should().Be(6);
    }

    [Theory]
    [InlineData("1.3.0", 4096)]
    [InlineData("1.2.3", 2048)]
    public async Task A_prefix_of_another_runtime_or_context_length_is_deleted(string runtime, int contextLength)
    {
        Save(runtime, contextLength);

        FakeSession session = await LoadAsync();

        session.LoadedFile.Should().BeNull();
        Files().Should().BeEmpty();
        Value("rkllama_prefix_failures_total{cause=\"refused\"}").Should().Be(1);
    }

    [Fact]
    public async Task A_prefix_that_the_runtime_refuses_is_deleted_and_the_session_is_used()
    {
        Save();
        _engine.LoadPrefix = static (_, _) => PrefixLoadResult.Refused;

        FakeSession session = await LoadAsync();

        session.IsDisposed.Should().BeFalse();
        Files().Should().BeEmpty();
        _engine.Sessions.Should().ContainSingle();
    }

    [Fact]
    public async Task After_a_crash_the_model_is_loaded_without_the_prefix()
    {
        Save();
        _engine.LoadPrefix = static (_, _) => PrefixLoadResult.Crashed;

        FakeSession session = await LoadAsync();

        _engine.Sessions.Should().HaveCount(2);
        _engine.Sessions[0].IsDisposed.Should().BeTrue();
        session.Should().BeSameAs(_engine.Sessions[1]);
        session.LoadedFile.Should().BeNull();
        Files().Should().BeEmpty();
        Value("rkllama_prefix_failures_total{cause=\"crash\"}").Should().Be(1);
    }

    [Fact]
    public async Task A_crash_in_the_first_run_disables_the_prefix()
    {
        Save();
        FakeSession session = await LoadAsync();

        session.OnFirstCrash!();

        Files().Should().BeEmpty();
        (await LoadAsync()).LoadedFile.Should().BeNull();
        _store.IsDisabled(PrefixIdentity.Of(_model)!.With(session.Facts)).Should().BeTrue();
    }

    [Fact]
    public async Task A_model_that_may_have_no_prefix_is_loaded_without_a_look_at_the_disk()
    {
        Save();

        IEngineSession session = await new PrefixLoadingEngine(_engine, _store).LoadAsync(_model with { PromptIdentity = null }, CancellationToken.None);

        ((FakeSession)session).LoadedFile.Should().BeNull();
        Files().Should().HaveCount(2);
    }

    [Fact]
    public async Task The_failure_of_a_load_is_passed_on()
    {
        Save();
        _engine.Load = static (_, _) => Task.FromException<IEngineSession>(new EngineException("no memory"));

        Func<Task> load = LoadAsync;

        (await load.Should().ThrowAsync<EngineException>()).WithMessage("no memory");
        Files().Should().HaveCount(2);
    }

    private async Task<FakeSession> LoadAsync() => (FakeSession)await new PrefixLoadingEngine(_engine, _store).LoadAsync(_model, CancellationToken.None);

    private void Save(string runtime = "1.2.3", int contextLength = 4096)
    {
        string file = _store.Prepare("m", 3)!;
        File.WriteAllBytes(file, [1, 2, 3]);
        _store.Commit(PrefixIdentity.Of(_model)!.With(new(runtime, null, false, contextLength, 10)), file, [1, 2, 3], [4], static () => true).Should().BeTrue();
    }

    private string[] Files() => Directory.GetFiles(_root.At("cache"));

    private double Value(string series) => new MetricsPage(System.Text.Encoding.UTF8.GetString(_metrics.Store.Scrape()))[series];
}

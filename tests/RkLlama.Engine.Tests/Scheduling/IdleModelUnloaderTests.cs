using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Scheduling;

public sealed class IdleModelUnloaderTests : IAsyncLifetime, IDisposable
{
    private readonly EngineNode _node = new();
    private readonly HeapTrimmer _heap = new(new SpareMemory(), TimeProvider.System);
    private readonly IdleModelUnloader _unloader;

    public IdleModelUnloaderTests() => _unloader = new(_node.Host, _node.Queue, _heap, _node.Time, NullLogger<IdleModelUnloader>.Instance);

    public Task InitializeAsync() => _unloader.StartAsync(CancellationToken.None);

    public async Task DisposeAsync()
    {
        await _unloader.StopAsync(CancellationToken.None);
        await _node.DisposeAsync();
    }

    public void Dispose()
    {
        _unloader.Dispose();
        _heap.Dispose();
    }

    [Fact]
    public async Task A_model_is_unloaded_when_its_idle_time_is_over()
    {
        ModelInstance model = await UseAsync("m");

        _node.Time.Advance(TimeSpan.FromMinutes(4.9));
        model.State.Should().Be(ModelState.Ready);
        _node.Time.Advance(TimeSpan.FromMinutes(0.1));

        await EventuallyAsync(() => model.State == ModelState.NotLoaded);
        _node.Host.HasModel.Should().BeFalse();
    }

    [Fact]
    public async Task When_the_last_model_is_unloaded_the_memory_of_tokenizers_is_freed()
    {
        _node.AddModel("n");
        int freed = 0;
        _node.Host.MemoryFreed += () => freed++;
        await UseAsync("n");
        await UseAsync("m");
        freed.Should().Be(0, "a model is resident");

        _node.Time.Advance(TimeSpan.FromMinutes(5));

        await EventuallyAsync(() => freed == 1);
        _node.Host.Residents.Should().BeEmpty();
    }

    [Fact]
    public async Task Each_model_in_memory_has_its_own_idle_time()
    {
        _node.AddModel("embedder", "FROM=\"m.rkllm\"\nPOOLING=last\n");
        _node.AddModel("reranker");
        ModelInstance chat = await UseAsync("m", TimeSpan.FromMinutes(10)), embedder = await UseAsync("embedder", TimeSpan.FromMinutes(1)), reranker = await UseAsync("reranker", TimeSpan.FromSeconds(-1));

        _node.Time.Advance(TimeSpan.FromMinutes(1));
        await EventuallyAsync(() => embedder.State == ModelState.NotLoaded);
        (chat.State, reranker.State).Should().Be((ModelState.Ready, ModelState.Ready));
        _node.Time.Advance(TimeSpan.FromMinutes(9));
        await EventuallyAsync(() => chat.State == ModelState.NotLoaded);

        _node.Time.Advance(TimeSpan.FromDays(1));
        reranker.State.Should().Be(ModelState.Ready, "it stays without a limit");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_change_of_the_system_time_does_not_change_the_idle_time(int hours)
    {
        ModelInstance model = await UseAsync("m");

        _node.Time.Shift = TimeSpan.FromHours(hours);
        _node.Time.Advance(TimeSpan.FromMinutes(4.9));
        model.IdleTimer!.Remaining.Should().Be(TimeSpan.FromMinutes(0.1));
        model.State.Should().Be(ModelState.Ready);
        _node.Time.Advance(TimeSpan.FromMinutes(0.1));

        await EventuallyAsync(() => model.State == ModelState.NotLoaded);
    }

    [Fact]
    public async Task A_use_starts_the_idle_time_again()
    {
        ModelInstance model = await UseAsync("m");
        _node.Time.Advance(TimeSpan.FromMinutes(4));
        await UseAsync("m");

        _node.Time.Advance(TimeSpan.FromMinutes(4));
        model.IdleTimer!.Remaining.Should().Be(TimeSpan.FromMinutes(1));
        model.State.Should().Be(ModelState.Ready);
        _node.Time.Advance(TimeSpan.FromMinutes(1));

        await EventuallyAsync(() => model.State == ModelState.NotLoaded);
    }

    [Fact]
    public async Task A_model_that_is_in_use_is_not_unloaded()
    {
        ModelInstance model = await UseAsync("m");
        ModelLease lease = await _node.AcquireAsync(model);

        _node.Time.Advance(TimeSpan.FromMinutes(10));
        model.State.Should().Be(ModelState.Ready);
        lease.Dispose();

        model.IdleTimer!.Remaining.Should().Be(TimeSpan.FromMinutes(5));
        await EventuallyAsync(() =>
        {
            _node.Time.Advance(TimeSpan.FromMinutes(1));
            return model.State == ModelState.NotLoaded;
        });
        model.IdleTimer!.Remaining.Should().BeLessThanOrEqualTo(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_model_that_the_operator_loaded_has_no_idle_time()
    {
        ModelInstance pinned = await _node.Host.LoadAsync(_node.Catalog.Find("m"));
        await UseAsync("m");

        _node.Time.Advance(TimeSpan.FromDays(2));

        (pinned.State, pinned.IdleTimer).Should().Be((ModelState.Ready, (IdleTimer?)null));
    }

    [Fact]
    public async Task The_preloaded_model_is_loaded_again_when_the_model_that_replaced_it_expires()
    {
        _node.AddModel("n");
        ModelInstance preloaded = await _node.Host.PreloadAsync(_node.Catalog.Find("m"));
        ModelInstance other = await UseAsync("n");

        _node.Time.Advance(TimeSpan.FromMinutes(5));

        await EventuallyAsync(() => preloaded.State == ModelState.Ready && !_node.Queue.IsBusy);
        other.State.Should().Be(ModelState.NotLoaded);
        (_node.Host.Current, preloaded.IdleTimer).Should().Be((preloaded, (IdleTimer?)null));
    }

    [Fact]
    public async Task A_preloaded_model_that_was_stopped_is_not_loaded_again()
    {
        ModelInstance preloaded = await _node.Host.PreloadAsync(_node.Catalog.Find("m"));

        await _node.Scheduler.UnloadAsync("m", default).WaitAsync(Patience);

        (_node.Host.PreloadedModels.Count, _node.Host.HasModel, preloaded.IsPinned).Should().Be((0, false, false));
        (await UseAsync("m")).IdleTimer.Should().NotBeNull("the next request loads it for itself");
    }

    private async Task<ModelInstance> UseAsync(string name, TimeSpan? keepAlive = null)
    {
        ModelInstance model = _node.Host.Find(name);
        (await _node.AcquireAsync(model, keepAlive: keepAlive)).Dispose();
        return model;
    }
}

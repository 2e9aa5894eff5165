using RkLlama.Engine.Residency;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

public sealed class ModelHostTests : IAsyncDisposable
{
    private readonly EngineNode _node = new();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    private ModelHost Host => _node.Host;

    private Task<ModelInstance> LoadAsync(string name = "m") => Host.LoadAsync(_node.Catalog.Find(name)).WaitAsync(Patience);

    [Fact]
    public async Task A_loaded_model_is_current_and_pinned()
    {
        ModelInstance model = await LoadAsync();

        Host.Current.Should().BeSameAs(model);
        Host.GetResident().Should().BeSameAs(model);
        model.IsPinned.Should().BeTrue();
        (Host.Status.State, Host.Status.Model, Host.Status.Facts!.RuntimeVersion).Should().Be((ModelState.Ready, "m", "1.2.3"));
        (Host.RefusesLoads, Host.HasModel).Should().Be((true, true));
    }

    [Fact]
    public async Task Without_a_model_nothing_is_current()
    {
        Func<Task> unload = Host.UnloadAsync;

        (Host.Current, Host.RefusesLoads, Host.HasModel, Host.Status.State).Should().Be((null, false, false, ModelState.NotLoaded));
        Host.Invoking(host => host.GetResident()).Should().Throw<NoModelException>();
        await unload.Should().ThrowAsync<NoModelException>();
    }

    [Fact]
    public async Task A_second_load_is_refused_while_a_model_loads_and_while_it_is_loaded()
    {
        TaskCompletionSource allowed = _node.HoldLoads();
        Task<ModelInstance> first = LoadAsync();
        Func<Task> second = () => LoadAsync();

        await second.Should().ThrowAsync<ModelAlreadyLoadedException>();
        Host.Current.Should().BeNull("it is not loaded yet");
        allowed.SetResult();
        await first;

        await second.Should().ThrowAsync<ModelAlreadyLoadedException>();
        _node.Engine.Sessions.Should().ContainSingle();
    }

    [Fact]
    public async Task A_failed_load_leaves_no_resident_model()
    {
        _node.FailLoads(1, "bad magic");
        Func<Task> load = () => LoadAsync();

        await load.Should().ThrowAsync<EngineException>().WithMessage("bad magic");

        (Host.HasModel, Host.RefusesLoads, Host.Status.State).Should().Be((false, false, ModelState.NotLoaded));
        Host.Status.LastFault!.Reason.Should().Be("bad magic");
        (await LoadAsync()).State.Should().Be(ModelState.Ready);
    }

    [Fact]
    public async Task A_file_that_cannot_be_a_model_is_refused_before_the_engine_is_asked()
    {
        File.WriteAllBytes(_node.Catalog.Find("m").ModelPath, []);
        Func<Task> load = () => LoadAsync();

        await load.Should().ThrowAsync<EngineException>().WithMessage("*is empty*");

        _node.Engine.Sessions.Should().BeEmpty();
        Host.HasModel.Should().BeFalse();
    }

    [Fact]
    public async Task A_switch_ends_the_worker_before_the_next_one_starts()
    {
        _node.AddModel("n");
        ModelInstance first = await LoadAsync();
        FakeSession session = _node.Engine.Sessions[0];
        bool wasEnded = false;
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = _node.Engine.Load;
        _node.Engine.Load = (model, cancellationToken) =>
        {
            wasEnded = session.IsDisposed;
            return load(model, cancellationToken);
        };

        ModelInstance second = Host.Find("n");
        await _node.EnsureLoadedAsync(second).WaitAsync(Patience);

        wasEnded.Should().BeTrue();
        Host.Current.Should().BeSameAs(second);
        (first.State, first.IsPinned, second.IsPinned).Should().Be((ModelState.NotLoaded, false, false));
        first.Unloaded.IsCancellationRequested.Should().BeFalse("requests may name it again");
    }

    [Fact]
    public async Task Ensuring_a_loaded_model_starts_no_second_worker()
    {
        ModelInstance model = await LoadAsync();

        WorkerSupervisor one = await _node.EnsureLoadedAsync(model).WaitAsync(Patience);
        WorkerSupervisor two = await _node.EnsureLoadedAsync(model).WaitAsync(Patience);

        two.Should().BeSameAs(one);
        _node.Engine.Sessions.Should().ContainSingle();
    }

    [Fact]
    public async Task A_request_waits_for_the_operators_load_and_switches_afterwards()
    {
        _node.AddModel("n");
        TaskCompletionSource allowed = _node.HoldLoads();
        Task<ModelInstance> loading = LoadAsync();
        ModelInstance other = Host.Find("n");

        Task<WorkerSupervisor> switching = _node.EnsureLoadedAsync(other);
        switching.IsCompleted.Should().BeFalse();
        allowed.SetResult();
        await switching.WaitAsync(Patience);

        (await loading).Name.Should().Be("m");
        Host.Current.Should().BeSameAs(other);
        _node.Engine.Sessions.Select(session => session.Model.Name).Should().Equal("m", "n");
    }

    [Fact]
    public async Task An_unload_during_a_load_fails_the_load_and_leaves_no_model()
    {
        _node.HoldLoads();
        Task<ModelInstance> loading = LoadAsync();

        await Host.UnloadAsync().WaitAsync(Patience);

        await loading.Invoking(task => task).Should().ThrowAsync<NoModelException>();
        (Host.HasModel, Host.Status.State).Should().Be((false, ModelState.NotLoaded));
    }

    [Fact]
    public async Task An_unloaded_instance_is_not_loaded_again_and_the_next_lookup_creates_another()
    {
        ModelInstance model = await LoadAsync();
        await Host.UnloadAsync().WaitAsync(Patience);
        Func<Task> again = () => _node.EnsureLoadedAsync(model);

        await again.Should().ThrowAsync<NoModelException>();

        Host.Find("m").Should().NotBeSameAs(model);
        _node.Engine.Sessions[0].IsDisposed.Should().BeTrue();
    }

    [Fact]
    public async Task A_stuck_worker_refuses_loads_until_it_exits()
    {
        TaskCompletionSource exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await LoadAsync();
        _node.Engine.Sessions[0].Stuck = new(42, exited.Task);
        Func<Task> unload = Host.UnloadAsync, load = () => LoadAsync();

        await unload.Should().ThrowAsync<WorkerStuckException>();
        Host.Status.State.Should().Be(ModelState.Stuck);
        Host.Status.Failure.Should().Contain("rebooted");
        await load.Should().ThrowAsync<EngineException>().WithMessage("*42*stuck in the NPU driver*");

        exited.SetResult();
        await EventuallyAsync(() => Host.Status.State != ModelState.Stuck);
        (await LoadAsync()).State.Should().Be(ModelState.Ready);
    }

    [Fact]
    public async Task An_unload_clears_the_preloaded_model()
    {
        int changes = 0;
        Host.PolicyChanged += () => changes++;
        await Host.PreloadAsync(_node.Catalog.Find("m")).WaitAsync(Patience);
        int before = changes;

        await Host.UnloadAsync().WaitAsync(Patience);

        Host.PreloadedModels.Should().BeEmpty();
        changes.Should().BeGreaterThan(before);
    }

    [Fact]
    public async Task An_idle_unload_keeps_the_preloaded_model_and_the_instance()
    {
        ModelInstance model = await Host.PreloadAsync(_node.Catalog.Find("m")).WaitAsync(Patience);

        await Host.StopWorkerAsync("other");
        Host.Current.Should().BeSameAs(model);
        await Host.StopWorkerAsync("m").WaitAsync(Patience);

        Host.Current.Should().BeNull();
        Host.PreloadedModels.Should().Equal(model);
        await _node.EnsureLoadedAsync(model).WaitAsync(Patience);
        Host.Current.Should().BeSameAs(model);
    }

    [Fact]
    public async Task The_idle_timer_starts_for_models_of_requests_only()
    {
        ModelInstance pinned = await LoadAsync();
        ModelInstance other = _node.NewInstance("m", (_, _) => { });

        Host.ResetIdleTimer(pinned, TimeSpan.FromMinutes(1));
        pinned.IdleTimer.Should().BeNull();

        Host.ResetIdleTimer(other, null);
        other.IdleTimer!.Remaining.Should().Be(_node.Options.KeepAlive);
        Host.ResetIdleTimer(other, TimeSpan.FromMinutes(1));
        other.IdleTimer!.Remaining.Should().Be(TimeSpan.FromMinutes(1));
        Host.ResetIdleTimer(other, TimeSpan.FromSeconds(-1));
        other.IdleTimer.Should().BeNull();
    }

    [Fact]
    public void An_unknown_name_is_not_found() =>
        Host.Invoking(host => host.Find("other")).Should().Throw<ModelNotFoundException>().Which.Name.Should().Be("other");
}

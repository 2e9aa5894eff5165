using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Scheduling;

/// <summary>The load or the restart of one model does not stop the others, and an eviction for lack of memory takes no more than necessary.</summary>
public sealed class LoadAndRestartTests : IAsyncDisposable
{
    private const long Gibibyte = 1L << 30;
    private readonly TempDirectory _sysfs = new();
    private readonly EngineNode _node;

    public LoadAndRestartTests()
    {
        _sysfs.Write("proc/meminfo", $"MemTotal: {(16 * Gibibyte) >> 10} kB\nMemAvailable: {(8 * Gibibyte) >> 10} kB\n");
        _node = new(options => options with { MaxModels = 3, SysfsRoot = _sysfs.Path });
        foreach (string name in new[] { "n", "o" })
            _node.AddModel(name);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _sysfs.Dispose();
    }

    [Fact]
    public async Task A_model_in_memory_runs_while_another_one_loads()
    {
        await UseAsync("m");
        TaskCompletionSource allowed = _node.HoldLoads();
        Task<ModelLease> loading = _node.AcquireAsync(_node.Host.Find("n"));
        await EventuallyAsync(() => _node.Host.FindResident("n")?.State == ModelState.Loading);

        await UseAsync("m");

        (loading.IsCompleted, _node.Queue.IsBusy, _node.Queue.Waiting).Should().Be((false, false, 1));
        allowed.SetResult();
        (await loading).Dispose();
    }

    [Fact]
    public async Task A_request_whose_worker_restarts_leaves_the_slot_to_others()
    {
        await UseAsync("m");
        await UseAsync("n");
        await CrashAsync("n");
        await UseAsync("n");
        await CrashAsync("n", restarts: false);
        Task<ModelLease> waiting = _node.AcquireAsync(_node.Host.Find("n"));

        await UseAsync("m");

        (waiting.IsCompleted, _node.Queue.Waiting).Should().Be((false, 1));
        _node.Time.Advance(TimeSpan.FromSeconds(1));
        (await waiting).Dispose();
    }

    [Fact]
    public async Task A_named_model_that_is_unloaded_while_its_request_waits_can_be_asked_for_again()
    {
        using ModelLease lease = await _node.AcquireAsync(_node.Host.Find("m"));
        Task<ModelLease> waiting = _node.AcquireAsync(_node.Host.Find("m"));

        await _node.Host.UnloadAsync().WaitAsync(Patience);

        await waiting.Invoking(task => task).Should().ThrowAsync<ModelUnloadedException>();
    }

    [Fact]
    public async Task A_request_whose_model_loads_while_the_server_drains_is_refused_as_draining()
    {
        _node.HoldLoads();
        Task<ModelLease> loading = _node.AcquireAsync(_node.Host.Find("m"));
        await EventuallyAsync(() => _node.Host.FindResident("m")?.State == ModelState.Loading);

        _node.Queue.Close();

        await loading.Invoking(task => task).Should().ThrowAsync<DrainingException>();
        (await _node.Queue.WhenIdleAsync(Patience)).Should().BeTrue();
    }

    [Fact]
    public async Task A_load_without_enough_memory_evicts_one_model_at_a_time()
    {
        await UseAsync("m");
        await UseAsync("n");
        FailLoadsOf("o", count: 1);

        await UseAsync("o");

        _node.Host.Residents.Select(static resident => resident.Model.Name).Should().Equal("n", "o");
    }

    [Fact]
    public async Task A_model_that_did_not_fit_alone_evicts_nothing_at_the_next_request()
    {
        await UseAsync("m");
        FailLoadsOf("o", count: 100);
        Func<Task> use = () => UseAsync("o");
        await use.Should().ThrowAsync<EngineException>().WithMessage("no memory (8192 MiB of memory were available*");
        _node.Host.FindResident("m").Should().BeNull();
        await UseAsync("m");

        await use.Should().ThrowAsync<EngineException>().WithMessage("*8192 MiB*");

        _node.Host.FindResident("m").Should().NotBeNull();
    }

    private void FailLoadsOf(string name, int count)
    {
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = _node.Engine.Load;
        int attempts = 0;
        _node.Engine.Load = (model, cancellationToken) => model.Name == name && ++attempts <= count
            ? Task.FromException<IEngineSession>(new EngineException("no memory") { Code = FailureCode.OutOfMemory })
            : load(model, cancellationToken);
    }

    private async Task CrashAsync(string name, bool restarts = true)
    {
        FakeSession session = _node.Engine.Sessions.Last(session => session.Model.Name == name);
        session.Crash("died");
        await EventuallyAsync(() => session.IsDisposed && _node.Host.FindResident(name)!.State == (restarts ? ModelState.Ready : ModelState.Restarting));
    }

    private async Task UseAsync(string name)
    {
        using ModelLease lease = await _node.AcquireAsync(_node.Host.Find(name));
    }
}

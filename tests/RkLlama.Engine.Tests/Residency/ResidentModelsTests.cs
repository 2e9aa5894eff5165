using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

/// <summary>What concerns all resident models: stuck workers, and what may not be done under the lock.</summary>
public sealed class ResidentModelsTests : IAsyncDisposable
{
    private readonly TempDirectory _sysfs = new();
    private readonly EngineNode _node;

    public ResidentModelsTests()
    {
        _node = new(options => options with { MaxModels = 3, SysfsRoot = _sysfs.Path });
        _node.AddModel("n");
        _node.AddModel("o");
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _sysfs.Dispose();
    }

    private ModelHost Host => _node.Host;

    [Fact]
    public async Task Two_stuck_workers_refuse_loads_until_both_have_exited()
    {
        TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously), second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await UseAsync("m");
        await UseAsync("n");
        _node.Engine.Sessions[0].Stuck = new(41, first.Task);
        _node.Engine.Sessions[1].Stuck = new(42, second.Task);
        _node.Engine.Sessions[0].Crash("hangs", WorkerDeath.Hang);
        _node.Engine.Sessions[1].Crash("hangs", WorkerDeath.Hang);
        await EventuallyAsync(() => Host.Residents.All(static resident => resident.Model.State == ModelState.Stuck));
        Func<Task> load = () => UseAsync("o"), use = () => UseAsync("m");

        await load.Should().ThrowAsync<EngineException>().WithMessage("*stuck in the NPU driver*");
        await use.Should().ThrowAsync<EngineException>().WithMessage("*stuck in the NPU driver*");
        _node.Queue.IsBusy.Should().BeFalse("requests fail at once");

        second.SetResult();
        await EventuallyAsync(() => Host.Residents.Count(static resident => resident.Model.State == ModelState.Stuck) == 1);
        await load.Should().ThrowAsync<EngineException>().WithMessage("*41*stuck in the NPU driver*", "one worker still occupies the NPU");

        first.SetResult();
        await EventuallyAsync(() => Host.Residents.All(static resident => resident.Model.State != ModelState.Stuck));
        (await UseAsync("o")).State.Should().Be(ModelState.Ready);
    }

    [Fact]
    public async Task Two_stuck_workers_leave_a_third_model_working_and_do_not_hold_up_the_end_of_the_server()
    {
        await UseAsync("m");
        await UseAsync("n");
        ModelInstance third = await UseAsync("o");
        foreach (FakeSession session in _node.Engine.Sessions.Take(2))
        {
            session.Stuck = new(42, new TaskCompletionSource().Task);
            session.Crash("hangs", WorkerDeath.Hang);
        }

        await EventuallyAsync(() => Host.Residents.Count(static resident => resident.Model.State == ModelState.Stuck) == 2);

        (await UseAsync("o")).Should().BeSameAs(third);
        Host.Status.State.Should().Be(ModelState.Ready);
        await Host.UnloadAllAsync().WaitAsync(Patience);
        third.State.Should().Be(ModelState.NotLoaded);
    }

    [Fact]
    public async Task The_queue_does_not_wait_while_a_load_reads_the_sizes()
    {
        await UseAsync("m");
        string pipe = _sysfs.MakePipe("proc/meminfo");
        Task<ModelInstance> load = Task.Run(() => UseAsync("n"));
        await EventuallyAsync(() => _node.Queue.IsBusy);

        // The read blocks until the pipe has a writer. The queue looks for resident models under its own lock.
        Task<ModelInstance?> found = Task.Run(() => Host.FindResident("m"));
        Task<QueueSlot> waiting = Task.Run(() => _node.Queue.EnterAsync("m", CancellationToken.None));
        await EventuallyAsync(() => _node.Queue.Waiting == 1);

        (await found.WaitAsync(Patience)).Should().NotBeNull();
        load.IsCompleted.Should().BeFalse();

        // With a writer, the read ends. Later reads do not find the file.
        using (new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            File.Delete(pipe);

        // The other request has the slot while the model loads.
        (await waiting.WaitAsync(Patience)).Dispose();
        await load.WaitAsync(Patience);
    }

    [Fact]
    public async Task The_queue_does_not_wait_while_the_memory_is_read_for_a_waiting_request()
    {
        ModelLease lease = await _node.AcquireAsync(Host.Find("m"));
        Task<ModelLease> loading = _node.AcquireAsync(Host.Find("n"));
        await EventuallyAsync(() => _node.Queue.Waiting == 1);
        string pipe = _sysfs.MakePipe("proc/meminfo");
        Task release = Task.Run(lease.Dispose);

        // The pipe opens for a writer when a reader has opened it. The read ends with the writer.
        using (await Task.Run(() => new FileStream(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)).WaitAsync(Patience))
        {
            (await Task.Run(() => _node.Queue.Waiting).WaitAsync(Patience)).Should().Be(1);
            release.IsCompleted.Should().BeFalse("the memory is not read yet");
            File.Delete(pipe);
        }

        await release.WaitAsync(Patience);
        (await loading).Dispose();
    }

    private async Task<ModelInstance> UseAsync(string name)
    {
        ModelInstance model = Host.Find(name);
        using ModelLease lease = await _node.AcquireAsync(model);
        return model;
    }
}

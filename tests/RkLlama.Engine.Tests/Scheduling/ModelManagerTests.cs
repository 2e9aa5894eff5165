using Microsoft.Extensions.Logging.Abstractions;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Scheduling;

public sealed class ModelManagerTests : IAsyncDisposable
{
    private readonly EngineNode _node = new();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_deletion_that_fails_leaves_the_model_loaded_and_listed()
    {
        ModelInstance model = await LoadAsync();

        await _node.Invoking(_ => New(new FaultyFiles { FailAt = 1, Error = 30 }).DeleteAsync("m")).Should().ThrowAsync<ModelException>();

        model.State.Should().Be(ModelState.Ready);
        _node.Catalog.List().Should().Equal("m");
        _node.Host.Find("m").Should().BeSameAs(model);
        (await _node.AcquireAsync(model)).Dispose();
    }

    [Fact]
    public async Task A_deletion_of_a_loaded_model_unloads_it()
    {
        ModelInstance model = await LoadAsync();

        await New().DeleteAsync("m:latest").WaitAsync(Patience);

        model.State.Should().Be(ModelState.NotLoaded);
        _node.Host.HasModel.Should().BeFalse();
        _node.Catalog.List().Should().BeEmpty();
        _node.Invoking(node => node.Host.Find("m")).Should().Throw<ModelNotFoundException>();
        await _node.Invoking(node => node.AcquireAsync(model)).Should().ThrowAsync<NoModelException>();
    }

    [Fact]
    public async Task A_deletion_waits_for_the_active_run_and_refuses_new_requests()
    {
        ModelInstance model = _node.Host.Find("m");
        ModelLease lease = await _node.AcquireAsync(model);

        Task deletion = New().DeleteAsync("m");

        deletion.IsCompleted.Should().BeFalse();
        model.State.Should().Be(ModelState.Ready);
        _node.Invoking(node => node.Host.Find("m")).Should().Throw<ModelNotFoundException>("the model is no longer listed");
        Task<ModelLease> late = _node.AcquireAsync(model);
        lease.Dispose();
        await deletion.WaitAsync(Patience);
        await late.Invoking(task => task).Should().ThrowAsync<NoModelException>();
        model.State.Should().Be(ModelState.NotLoaded);
    }

    [Fact]
    public async Task A_deletion_during_the_operators_load_ends_the_load()
    {
        TaskCompletionSource allowed = _node.HoldLoads();
        Task<ModelInstance> load = _node.Host.LoadAsync(_node.Catalog.Find("m"));
        await EventuallyAsync(() => _node.Host.Status.State == ModelState.Loading);

        await New().DeleteAsync("m").WaitAsync(Patience);
        allowed.SetResult();

        await load.Invoking(task => task).Should().ThrowAsync<NoModelException>();
        _node.Host.HasModel.Should().BeFalse();
        _node.Engine.Sessions.Should().BeEmpty();
    }

    [Fact]
    public async Task A_deletion_during_the_load_of_a_request_waits_for_it_and_then_unloads()
    {
        TaskCompletionSource allowed = _node.HoldLoads();
        ModelInstance model = _node.Host.Find("m");
        Task<ModelLease> request = _node.AcquireAsync(model);
        await EventuallyAsync(() => model.State == ModelState.Loading);

        Task deletion = New().DeleteAsync("m");
        allowed.SetResult();
        (await request).Dispose();
        await deletion.WaitAsync(Patience);

        model.State.Should().Be(ModelState.NotLoaded);
        _node.Host.HasModel.Should().BeFalse();
    }

    [Fact]
    public async Task A_load_that_found_the_model_before_its_deletion_fails()
    {
        ModelEntry entry = _node.Catalog.Find("m");
        ModelInstance instance = _node.Host.Find("m");

        await New().DeleteAsync("m").WaitAsync(Patience);

        await _node.Invoking(node => node.Host.LoadAsync(entry)).Should().ThrowAsync<EngineException>();
        await _node.Invoking(node => node.AcquireAsync(instance)).Should().ThrowAsync<NoModelException>();
        _node.Engine.Sessions.Should().BeEmpty();
    }

    [Fact]
    public async Task A_deletion_of_the_preloaded_model_clears_it()
    {
        await _node.Host.PreloadAsync(_node.Catalog.Find("m"));

        await New().DeleteAsync("m").WaitAsync(Patience);

        _node.Host.PreloadedModels.Should().BeEmpty();
    }

    [Fact]
    public async Task A_deletion_of_the_preloaded_model_clears_it_also_if_another_model_is_loaded()
    {
        ModelInstance preloaded = await _node.Host.PreloadAsync(_node.Catalog.Find("m"));
        _node.AddModel("other");
        (await _node.AcquireAsync(_node.Host.Find("other"))).Dispose();

        await New().DeleteAsync("m").WaitAsync(Patience);

        _node.Host.PreloadedModels.Should().BeEmpty();
        preloaded.IsRemoved.Should().BeTrue();
    }

    [Fact]
    public async Task A_deletion_of_another_model_keeps_the_loaded_one()
    {
        ModelInstance model = await LoadAsync();
        _node.AddModel("other");

        await New().DeleteAsync("other").WaitAsync(Patience);

        model.State.Should().Be(ModelState.Ready);
        _node.Catalog.List().Should().Equal("m");
    }

    [Fact]
    public async Task A_rename_unloads_the_model_and_the_new_name_loads_again()
    {
        await LoadAsync();

        (await New().RenameAsync("m", "n").WaitAsync(Patience)).Should().Be(("n", true));

        _node.Catalog.List().Should().Equal("n");
        _node.Invoking(node => node.Host.Find("m")).Should().Throw<ModelNotFoundException>();
        (await _node.AcquireAsync(_node.Host.Find("n"))).Dispose();
        _node.Host.Current!.Name.Should().Be("n");
    }

    [Fact]
    public async Task Copy_and_then_delete_renames_a_loaded_model()
    {
        await LoadAsync();

        await New().CopyAsync("m", "mine", default).WaitAsync(Patience);
        await New().DeleteAsync("m").WaitAsync(Patience);

        (await _node.AcquireAsync(_node.Host.Find("mine"))).Dispose();
        _node.Host.Current!.Name.Should().Be("mine");
    }

    [Fact]
    public async Task A_loaded_model_that_is_replaced_is_unloaded_and_loads_with_its_new_settings()
    {
        ModelInstance model = await LoadAsync();

        string name = await New().CreateAsync("m", "M:latest", static modelfile => modelfile with { NumCtx = 512 }, default).WaitAsync(Patience);

        name.Should().Be("m");
        model.State.Should().Be(ModelState.NotLoaded);
        (await _node.AcquireAsync(_node.Host.Find("m"))).Dispose();
        _node.Host.Current!.ContextLength.Should().Be(512);
        Directory.EnumerateFileSystemEntries(_node.Catalog.Root, ".*").Should().BeEmpty();
    }

    [Fact]
    public async Task A_preloaded_model_that_is_replaced_stays_the_preloaded_one()
    {
        await _node.Host.PreloadAsync(_node.Catalog.Find("m")).WaitAsync(Patience);

        await New().CreateAsync("m", "m", static modelfile => modelfile with { NumCtx = 512 }, default).WaitAsync(Patience);

        ModelInstance preloaded = _node.Host.PreloadedModels.Should().ContainSingle().Subject;
        preloaded.ContextLength.Should().Be(512);
        preloaded.IsPinned.Should().BeTrue();
    }

    private async Task<ModelInstance> LoadAsync() => await _node.Host.LoadAsync(_node.Catalog.Find("m")).WaitAsync(Patience);

    private ModelManager New(IStoreFiles? files = null) =>
        new(_node.Catalog, new ModelStore(_node.Catalog, files ?? new StoreFiles(), NullLogger<ModelStore>.Instance), _node.Host, _node.Queue);
}

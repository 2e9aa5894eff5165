using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

/// <summary>A model whose worker has died too often has no worker, so it takes nothing from the other models.</summary>
public sealed class FailedModelTests : IAsyncDisposable
{
    private const long Gibibyte = 1L << 30;
    private readonly TempDirectory _sysfs = new();
    private readonly EngineNode _node;

    public FailedModelTests()
    {
        SetMemory(8 * Gibibyte);
        _node = new(options => options with { MaxModels = 3, SysfsRoot = _sysfs.Path });
        foreach (string name in (string[])["m", "n", "o", "p"])
        {
            _node.AddModel(name);
            using FileStream file = File.OpenWrite(_node.Catalog.Find(name).ModelPath);
            file.SetLength(Gibibyte);
        }
    }

    private ModelHost Host => _node.Host;

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _sysfs.Dispose();
    }

    [Fact]
    public async Task It_has_no_memory_and_its_domain_is_free()
    {
        await UseAsync("m");
        await UseAsync("n");
        await FailAsync("m");

        await UseAsync("o");

        Find("m").TotalBytes.Should().Be(0);
        (Find("n").Domain, Find("o").Domain).Should().Be((2, 1));
    }

    [Fact]
    public async Task It_is_not_evicted_for_its_memory_because_it_has_none()
    {
        await UseAsync("m");
        await UseAsync("n");
        await FailAsync("m");
        SetMemory(Gibibyte / 2);
        Host.StateChanged += (model, _) =>
        {
            if (model.Name == "n" && model.State == ModelState.NotLoaded)
                SetMemory(3 * Gibibyte / 2);
        };

        await UseAsync("o");

        Host.Residents.Select(static resident => resident.Model.Name).Should().Equal("m", "o");
    }

    [Fact]
    public async Task It_goes_before_a_model_that_works()
    {
        await UseAsync("m");
        await UseAsync("n");
        await UseAsync("o");
        await FailAsync("n");

        await UseAsync("p");

        Host.Residents.Select(static resident => resident.Model.Name).Should().Equal("m", "o", "p");
    }

    [Fact]
    public async Task It_keeps_its_domain_if_the_server_tries_later_to_start_it_again()
    {
        await UseAsync("m");
        Func<ModelLoadParameters, CancellationToken, Task<IEngineSession>> load = _node.Engine.Load;
        _node.Engine.Load = (model, cancellationToken) => model.Name == "m"
            ? Task.FromException<IEngineSession>(new EngineException("librkllmrt.so was not found") { Code = FailureCode.LibraryNotFound })
            : load(model, cancellationToken);
        await FailAsync("m");

        await UseAsync("o");

        (Find("m").TotalBytes, Find("m").Domain, Find("o").Domain).Should().Be((0, 1, 2));
    }

    [Fact]
    public async Task If_it_generates_no_text_the_node_works_while_another_model_does()
    {
        _node.AddModel("reranker");
        _node.AddModel("embedder", "FROM=\"m.rkllm\"\nPOOLING=last\n");
        await UseAsync("reranker");
        await UseAsync("embedder");

        await FailAsync("embedder");

        (Host.Status.State, Host.Status.Model).Should().Be((ModelState.Ready, "reranker"));
        await UseAsync("m");
        Host.Status.Model.Should().Be("m");
    }

    private Resident Find(string name) => Host.Residents.Single(resident => resident.Model.Name == name);

    private async Task FailAsync(string name)
    {
        ModelInstance model = Host.FindResident(name)!;
        while (model.State != ModelState.Failed)
        {
            FakeSession session = _node.Engine.Sessions.Last(session => session.Model.Name == name);
            session.Crash("died");
            await EventuallyAsync(() =>
            {
                _node.Time.Advance(TimeSpan.FromSeconds(1));
                return session.IsDisposed && model.State is ModelState.Ready or ModelState.Failed;
            });
        }
    }

    private async Task UseAsync(string name)
    {
        using ModelLease lease = await _node.AcquireAsync(Host.Find(name));
    }

    private void SetMemory(long availableBytes) => _sysfs.Write("proc/meminfo", $"MemTotal: {(5 * Gibibyte) >> 10} kB\nMemAvailable: {availableBytes >> 10} kB\n");
}

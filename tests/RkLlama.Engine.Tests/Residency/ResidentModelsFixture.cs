using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Residency;

/// <summary>A node with several models, whose files have 1 GiB each and use no space on the disk. The tests set the memory of the node.</summary>
public abstract class ResidentModelsFixture : IAsyncDisposable
{
    protected const long Gibibyte = 1L << 30;
    private readonly TempDirectory _sysfs = new();

    private protected EngineNode Node { get; private set; } = null!;

    private protected ModelHost Host => Node.Host;

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        _sysfs.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void Start(int? maxModels, long availableBytes = 64 * Gibibyte)
    {
        SetMemory(availableBytes);
        Node = new(options => options with { MaxModels = maxModels, SysfsRoot = _sysfs.Path });
        Node.AddModel("n");
        Node.AddModel("o");
        Node.AddModel("embedder", "FROM=\"m.rkllm\"\nPOOLING=last\n");
        foreach (string name in new[] { "m", "n", "o", "embedder" })
            SetSize(name, Gibibyte);
    }

    private protected void SetMemory(long availableBytes) =>
        _sysfs.Write("proc/meminfo", $"MemTotal: {(64 * Gibibyte / 20) >> 10} kB\nMemAvailable: {availableBytes >> 10} kB\n");

    private protected void SetSize(string name, long bytes)
    {
        using FileStream file = File.OpenWrite(Node.Catalog.Find(name).ModelPath);
        file.SetLength(bytes);
    }

    private protected async Task<ModelInstance> UseAsync(string name)
    {
        ModelInstance model = Host.Find(name);
        using ModelLease lease = await Node.AcquireAsync(model);
        return model;
    }

    private protected string[] Names() => [.. Host.Residents.Select(static resident => resident.Model.Name)];
}

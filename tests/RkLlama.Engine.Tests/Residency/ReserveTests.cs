using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Tests.Residency;

/// <summary>The part of the memory that stays free beside several models: which models are refused for it. The reserve is 256 MiB.</summary>
public sealed class ReserveTests : IAsyncDisposable
{
    private const long Gibibyte = 1L << 30;
    private readonly TempDirectory _sysfs = new();
    private EngineNode _node = null!;

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _sysfs.Dispose();
    }

    [Fact]
    public async Task A_model_that_can_never_fit_is_refused_with_the_sizes_and_no_model_goes()
    {
        Start(Gibibyte);
        await UseAsync("m");
        SetMemory(0);
        _node.AddModel("huge");
        SetSize("huge", 9 * Gibibyte);
        Func<Task> use = () => UseAsync("huge");

        (await use.Should().ThrowAsync<EngineException>()).Which.Message.Should().Contain("9216 MiB").And.Contain("768 MiB").And.Contain("reserve of 256 MiB");

        Names().Should().Equal("m");
    }

    [Fact]
    public async Task No_model_goes_for_one_that_would_take_the_reserve()
    {
        Start(2 * Gibibyte);
        await UseAsync("m");
        SetMemory(Gibibyte);
        SetSize("n", 15 * Gibibyte / 8);
        Func<Task> use = () => UseAsync("n");

        await use.Should().ThrowAsync<EngineException>();

        Names().Should().Equal("m");
    }

    [Fact]
    public async Task The_only_model_may_take_the_reserve()
    {
        Start(2 * Gibibyte);
        SetSize("n", 15 * Gibibyte / 8);

        await UseAsync("n");

        Names().Should().Equal("n");
    }

    private void Start(long availableBytes)
    {
        SetMemory(availableBytes);
        _node = new(options => options with { MaxModels = 4, SysfsRoot = _sysfs.Path });
        _node.AddModel("n");
        foreach (string name in new[] { "m", "n" })
            SetSize(name, Gibibyte);
    }

    private void SetMemory(long availableBytes) =>
        _sysfs.Write("proc/meminfo", $"MemTotal: {(64 * Gibibyte / 20) >> 10} kB\nMemAvailable: {availableBytes >> 10} kB\n");

    private void SetSize(string name, long bytes)
    {
        using FileStream file = File.OpenWrite(_node.Catalog.Find(name).ModelPath);
        file.SetLength(bytes);
    }

    private async Task UseAsync(string name)
    {
        using ModelLease lease = await _node.AcquireAsync(_node.Host.Find(name));
    }

    private string[] Names() => [.. _node.Host.Residents.Select(static resident => resident.Model.Name)];
}

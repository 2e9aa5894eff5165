using System.Runtime.CompilerServices;
using RkLlama.Engine.Residency;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Engine.Tests.Residency;

public sealed class RecentModelCacheTests : IAsyncDisposable
{
    private const int MiB = 1 << 20;

    private readonly EngineNode _node = new();
    private readonly RecentModelCache _cache = new();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Models_are_kept_up_to_a_limit_of_bytes()
    {
        WeakReference first = await AddAsync("a", 7 * MiB), second = await AddAsync("b", 7 * MiB);
        _cache.Trim();
        Collect();
        (first.IsAlive, second.IsAlive).Should().Be((true, true));

        WeakReference third = await AddAsync("c", 7 * MiB);
        _cache.Trim();
        Collect();

        (first.IsAlive, second.IsAlive, third.IsAlive).Should().Be((false, true, true));
    }

    [Fact]
    public async Task A_single_model_above_the_limit_is_kept()
    {
        WeakReference model = await AddAsync("a", 17 * MiB);

        _cache.Trim();
        Collect();

        model.IsAlive.Should().BeTrue();
    }

    [Fact]
    public async Task A_model_that_is_not_kept_is_found_while_a_request_uses_it()
    {
        await AddAsync("a", 0);
        ModelInstance used = Get("a");

        _cache.DropUnused().Should().BeTrue();

        _cache.DropUnused().Should().BeFalse();
        Get("a").Should().BeSameAs(used);
        _cache.Remove("a").Should().ContainSingle().Which.Should().BeSameAs(used);
    }

    [Fact]
    public async Task The_unloading_of_a_model_frees_the_tokenizers_of_the_others()
    {
        _node.AddModel("a");
        WeakReference other = await FindAsync("a");
        await _node.Host.LoadAsync(_node.Catalog.Find("m")).WaitAsync(Patience);

        await _node.Host.UnloadAsync().WaitAsync(Patience);

        await EventuallyAsync(() => IsFreed(other));
    }

    [Fact]
    public async Task A_heap_that_has_reached_its_limit_frees_the_tokenizers_of_models_that_are_not_resident()
    {
        _node.AddModel("a");
        WeakReference other = await FindAsync("a");
        int attempts = 0;

        int answer = _node.Cpu.Spare.Use(() => ++attempts == 1 ? throw new InsufficientMemoryException() : 7);

        answer.Should().Be(7);
        await EventuallyAsync(() => IsFreed(other));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<WeakReference> AddAsync(string name, int bytes)
    {
        const string Tokenizer = """{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}""";
        _node.AddModel(name);
        _node.Write($"{name}/tokenizer.json", Tokenizer.PadRight(bytes));
        ModelInstance model = Get(name);
        (await model.Prompts.WaitAsync(Patience)).Tokenizer.Should().NotBeNull();
        return new(model);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<WeakReference> FindAsync(string name)
    {
        ModelInstance model = _node.Host.Find(name);
        await model.Prompts.WaitAsync(Patience);
        return new(model);
    }

    private ModelInstance Get(string name) => _cache.GetOrAdd(_node.Catalog.Find(name), _ => _node.NewInstance(name, static (_, _) => { }));

    /// <summary>Another thread may still hold the model for a moment, for example to complete its task.</summary>
    private static bool IsFreed(WeakReference model)
    {
        Collect();
        return !model.IsAlive;
    }

    private static void Collect()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}

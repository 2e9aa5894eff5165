using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Engine.Tests.Limits;

[Collection(MemoryOfTheProcess.Name)]
public sealed class HeapTrimmerTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly SpareMemory _spare = new();
    private readonly HeapTrimmer _heap;

    public HeapTrimmerTests() => _heap = new(_spare, _time);

    public void Dispose() => _heap.Dispose();

    [Fact]
    public void After_large_work_the_heap_is_collected_once()
    {
        List<byte[]> large = Allocate(64);
        int before = GC.CollectionCount(GC.MaxGeneration);

        _heap.WorkEnded();
        _heap.WorkEnded();
        _time.Advance(TimeSpan.FromSeconds(2));

        GC.CollectionCount(GC.MaxGeneration).Should().BeGreaterThanOrEqualTo(before + 2);
        GC.GetGCMemoryInfo(GCKind.Any).Compacted.Should().BeTrue();
        GC.KeepAlive(large);
    }

    [Fact]
    public void After_large_work_the_memory_that_is_not_needed_is_freed()
    {
        int freed = 0;
        _spare.Set(() => ++freed > 0);
        List<byte[]> large = Allocate(64);

        _heap.WorkEnded();
        freed.Should().Be(0);
        _time.Advance(TimeSpan.FromSeconds(2));

        freed.Should().Be(1);
        GC.KeepAlive(large);
    }

    /// <summary>Allocates memory and writes to it, so that it is resident.</summary>
    private static List<byte[]> Allocate(int mebibytes) => [.. Enumerable.Range(0, mebibytes).Select(static _ =>
    {
        byte[] block = new byte[1 << 20];
        block.AsSpan().Fill(1);
        return block;
    })];
}

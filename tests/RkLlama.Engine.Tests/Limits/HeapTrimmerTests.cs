using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Limits;

namespace RkLlama.Engine.Tests.Limits;

public sealed class HeapTrimmerTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly HeapTrimmer _heap;

    public HeapTrimmerTests() => _heap = new(_time);

    public void Dispose() => _heap.Dispose();

    [Fact]
    public void After_large_work_the_heap_is_collected_once()
    {
        Allocate(64);
        int before = GC.CollectionCount(GC.MaxGeneration);

        _heap.WorkEnded();
        _heap.WorkEnded();
        _time.Advance(TimeSpan.FromSeconds(2));

        GC.CollectionCount(GC.MaxGeneration).Should().BeGreaterThanOrEqualTo(before + 2);
        GC.GetGCMemoryInfo(GCKind.Any).Compacted.Should().BeTrue();
    }

    private static void Allocate(int count)
    {
        for (int i = 0; i < count; i++)
            GC.KeepAlive(new byte[1 << 20]);
    }
}

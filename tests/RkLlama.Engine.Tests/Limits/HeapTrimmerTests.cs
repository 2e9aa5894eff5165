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

        _heap.WorkEnded(0);
        _heap.WorkEnded(0);
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

        _heap.WorkEnded(0);
        freed.Should().Be(0);
        _time.Advance(TimeSpan.FromSeconds(2));

        freed.Should().Be(1);
        GC.KeepAlive(large);
    }

    [Fact]
    public void The_memory_of_a_large_request_that_was_active_during_a_trim_is_collected_when_it_ends()
    {
        List<byte[]> held = Allocate(64);
        _heap.WorkEnded(0);
        _time.Advance(TimeSpan.FromSeconds(2)); // The trim.
        _time.Advance(TimeSpan.FromSeconds(2)); // Its repetition.
        GC.KeepAlive(held);
        int before = GC.CollectionCount(GC.MaxGeneration);

        _heap.WorkEnded(100);
        _time.Advance(TimeSpan.FromSeconds(5));
        GC.CollectionCount(GC.MaxGeneration).Should().Be(before, "a small request cannot have held the memory");
        _heap.WorkEnded(7 << 20);
        _time.Advance(TimeSpan.FromSeconds(5));

        GC.CollectionCount(GC.MaxGeneration).Should().BeGreaterThanOrEqualTo(before + 2);
    }

    [Fact]
    public void A_large_request_that_ends_just_before_a_trim_is_followed_by_another_one()
    {
        _heap.WorkEnded(7 << 20);
        _heap.WorkEnded(7 << 20);
        _time.Advance(TimeSpan.FromSeconds(2));
        int before = GC.CollectionCount(GC.MaxGeneration);

        _time.Advance(TimeSpan.FromSeconds(5));

        GC.CollectionCount(GC.MaxGeneration).Should().BeGreaterThanOrEqualTo(before + 2);
    }

    /// <summary>Allocates memory and writes to it, so that it is resident.</summary>
    private static List<byte[]> Allocate(int mebibytes) => [.. Enumerable.Range(0, mebibytes).Select(static _ =>
    {
        byte[] block = new byte[1 << 20];
        block.AsSpan().Fill(1);
        return block;
    })];
}

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

    public HeapTrimmerTests()
    {
        // The garbage of other tests is not part of the growth.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _heap = new(_spare, _time);
    }

    public void Dispose() => _heap.Dispose();

    [Fact]
    public void After_large_work_the_heap_is_collected_once()
    {
        List<byte[]> large = Allocate(64);
        int before = GC.CollectionCount(GC.MaxGeneration);

        EndRequest();
        EndRequest();
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

        EndRequest();
        freed.Should().Be(0);
        _time.Advance(TimeSpan.FromSeconds(2));

        freed.Should().Be(1);
        GC.KeepAlive(large);
    }

    [Fact]
    public void Memory_that_stays_when_no_request_is_active_causes_no_more_than_two_trims()
    {
        int trims = 0;
        _spare.Set(() => ++trims > 0);
        List<byte[]> permanent = Allocate(64);

        EndRequest();
        _time.Advance(TimeSpan.FromSeconds(2));
        for (int i = 0; i < 20; i++)
        {
            MakeGarbage();
            EndRequest();
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        trims.Should().Be(2);
        GC.KeepAlive(permanent);
    }

    [Fact]
    public void Memory_that_an_active_request_holds_is_collected_when_that_has_ended()
    {
        int trims = 0;
        _spare.Set(() => ++trims > 0);
        _heap.WorkStarted();
        List<byte[]> held = Allocate(64);
        EndRequest();
        _time.Advance(TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(2));
        trims.Should().Be(2, "the request may have ended soon after the first trim");

        GC.KeepAlive(held);
        MakeGarbage();
        _heap.WorkEnded();
        _time.Advance(TimeSpan.FromSeconds(5));

        trims.Should().Be(3);
    }

    private void EndRequest()
    {
        _heap.WorkStarted();
        _heap.WorkEnded();
    }

    /// <summary>Allocates 16 MiB without a growth of the process.</summary>
    private static void MakeGarbage()
    {
        for (int i = 0; i < 64; i++)
        {
            for (int j = 0; j < 16; j++)
                GC.KeepAlive(new byte[16 << 10]);
            GC.Collect(0);
        }
    }

    /// <summary>Allocates memory and writes to it, so that it is resident.</summary>
    private static List<byte[]> Allocate(int mebibytes) => [.. Enumerable.Range(0, mebibytes).Select(static _ =>
    {
        byte[] block = new byte[1 << 20];
        block.AsSpan().Fill(1);
        return block;
    })];
}

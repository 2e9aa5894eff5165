using RkLlama.Engine.Models;

namespace RkLlama.Engine.Tests.Models;

public sealed class MemoryCheckTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void A_model_larger_than_the_available_memory_is_a_problem_with_both_sizes()
    {
        using (FileStream file = File.OpenWrite(_file))
            file.SetLength(3000L << 20);

        MemoryCheck.FindProblem(_file, 2000L << 20).Should().Contain("3000 MiB").And.Contain("2000 MiB");
        MemoryCheck.FindProblem(_file, 3000L << 20).Should().BeNull();
        MemoryCheck.FindProblem(_file, null).Should().BeNull("an unknown amount is no reason to refuse");
    }

    [Fact]
    public void AvailableBytes_is_the_estimate_of_the_kernel()
    {
        File.WriteAllText(_file, "MemTotal:        8000000 kB\nMemFree:           10000 kB\nMemAvailable:    5000000 kB\n");

        MemoryCheck.Read(_file)!.AvailableBytes.Should().Be(5_000_000L << 10);
        MemoryCheck.Read("/nowhere").Should().BeNull();
    }

    [Fact]
    public void A_read_allocates_little_because_each_health_check_makes_one()
    {
        // The first calls may compile methods.
        long allocated = Enumerable.Range(0, 10).Min(static attempt =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            MemoryCheck.Read("/proc/meminfo");
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });

        allocated.Should().BeLessThan(2048, "the text of the file alone has more than 2,800 bytes");
    }
}

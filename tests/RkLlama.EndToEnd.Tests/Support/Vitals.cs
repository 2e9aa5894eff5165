using System.Globalization;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>The resource usage of a server: workers, descriptors, threads, memory. Tests compare it before and after a fault.</summary>
/// <param name="Threads">Without threads of the .NET runtime, because the size of its thread pool varies.</param>
internal sealed record Vitals(int Workers, int Descriptors, int Threads, long MemoryMiB)
{
    // Room for an answer of 1 MiB, its copies, and memory that the garbage collector keeps.
    private const long MemoryGrowthMiB = 64;

    internal static Vitals Of(Node node)
    {
        string process = $"/proc/{node.ProcessId}";
        return new(
            node.Workers().Length,
            Directory.GetFileSystemEntries($"{process}/fd").Length,
            Directory.GetDirectories($"{process}/task").Count(IsOwn),
            MemoryOf(process));
    }

    /// <summary>Waits until the server has this many workers, and descriptors and threads no longer change.</summary>
    internal static async Task<Vitals> WithWorkersAsync(Node node, int workers)
    {
        Vitals last = Of(node);
        await node.EventuallyAsync(
            () =>
            {
                Vitals now = Of(node);
                (Vitals before, last) = (last, now);
                return now.Workers == workers && now.Descriptors == before.Descriptors && now.Threads == before.Threads;
            },
            $"there should be {workers} workers");
        return last;
    }

    /// <summary>Waits until the server has the same number of workers and uses no more resources than in this measurement.</summary>
    /// <param name="connections">Number of connections that the client has opened since then and keeps.</param>
    internal async Task AreBackAsync(Node node, int connections = 0)
    {
        Vitals now = this;
        try
        {
            await node.EventuallyAsync(
                () => (now = Of(node)).Workers == Workers && now.Descriptors <= Descriptors + connections && now.Threads <= Threads,
                "workers, descriptors and threads should return to their earlier numbers");
        }
        catch (Exception ex)
        {
            throw new InvalidOperationException($"{this} before, {now} now", ex);
        }

        now.MemoryMiB.Should().BeLessThan(MemoryMiB + MemoryGrowthMiB);
    }

    private static bool IsOwn(string task)
    {
        try
        {
            return !File.ReadAllText($"{task}/comm").StartsWith(".NET", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static long MemoryOf(string process)
    {
        string line = File.ReadLines($"{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
    }
}

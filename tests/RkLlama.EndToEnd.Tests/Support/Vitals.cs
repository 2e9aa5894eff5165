using System.Globalization;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>What a server holds: workers, descriptors, threads of its own, memory. Taken before a fault, compared after it.</summary>
/// <param name="Threads">Without those of the runtime, whose pool grows and shrinks as it likes.</param>
internal sealed record Vitals(int Workers, int Descriptors, int Threads, long MemoryMiB)
{
    // An answer of a mebibyte, its copies, and what the garbage collector keeps for later.
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

    /// <summary>Waits until the server has this many workers, and no more threads than these need.</summary>
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

    /// <summary>Waits until the server holds no more than it did then, and exactly as many workers.</summary>
    /// <param name="connections">Connections that the client has opened since and keeps.</param>
    internal async Task AreBackAsync(Node node, int connections = 0)
    {
        Vitals now = this;
        try
        {
            await node.EventuallyAsync(
                () => (now = Of(node)).Workers == Workers && now.Descriptors <= Descriptors + connections && now.Threads <= Threads,
                "workers, descriptors and threads should be back");
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

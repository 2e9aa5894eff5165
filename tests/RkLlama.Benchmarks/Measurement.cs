using System.Diagnostics;

namespace RkLlama.Benchmarks;

/// <summary>The cost of an action, measured over repeated runs.</summary>
/// <param name="Milliseconds">Median wall-clock time of one run.</param>
/// <param name="Bytes">Managed bytes that one run allocates, on average.</param>
internal readonly record struct Measurement(double Milliseconds, long Bytes)
{
    private const int Rounds = 51;

    public static Measurement Of(Action action)
    {
        for (int i = 0; i < 5; i++)
            action();
        double[] times = new double[Rounds];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        long bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
        Array.Sort(times);
        return new(times[Rounds / 2], bytes);
    }
}

using System.Runtime.InteropServices;

namespace RkLlama.Engine.Limits;

/// <summary>Properties of the calling thread that .NET does not offer.</summary>
internal static partial class CurrentThread
{
    private const string Library = "libc.so.6";
    private const int ClockThreadCpuTime = 3; // CLOCK_THREAD_CPUTIME_ID
    private const int PriorityOfThread = 0; // PRIO_PROCESS, which on Linux means a thread
    private const int Step = 5;
    private const int LowestPriority = 19;

    /// <summary>Returns the processor time that the calling thread has used, in user and kernel mode.</summary>
    internal static TimeSpan ProcessorTime()
    {
        clock_gettime(ClockThreadCpuTime, out Timespec time);
        return new TimeSpan(time.Seconds * TimeSpan.TicksPerSecond + time.Nanoseconds / TimeSpan.NanosecondsPerTick);
    }

    /// <summary>The scheduling priority of the calling thread as a nice value, from -20 (highest) to 19.</summary>
    internal static int NiceValue => getpriority(PriorityOfThread, 0);

    /// <summary>
    /// Lowers the scheduling priority of the calling thread below that of the process, which is that of its first thread. If the system refuses, the thread keeps
    /// its priority.
    /// </summary>
    internal static void LowerPriority() =>
        _ = setpriority(PriorityOfThread, 0, Math.Min(getpriority(PriorityOfThread, (uint)Environment.ProcessId) + Step, LowestPriority));

    [LibraryImport(Library)]
    private static partial int clock_gettime(int clock, out Timespec time);

    [LibraryImport(Library)]
    private static partial int getpriority(int which, uint who);

    [LibraryImport(Library)]
    private static partial int setpriority(int which, uint who, int priority);

    // The two 64-bit members of struct timespec on 64-bit Linux.
    private readonly struct Timespec
    {
        internal readonly long Seconds;
        internal readonly long Nanoseconds;
    }
}

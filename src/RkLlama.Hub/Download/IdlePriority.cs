using System.Runtime.InteropServices;

namespace RkLlama.Hub.Download;

/// <summary>Gives the current thread the lowest priority, so that downloads yield to the NPU's work.</summary>
internal static partial class IdlePriority
{
    private const int IoprioWhoProcess = 1;
    private const int IoprioClassIdle = 3;
    private const int IoprioClassShift = 13;
    private const int PriorityProcess = 0;
    private const int LowestNice = 19;

    /// <summary>Sets the I/O class "idle" and the lowest nice value for the current thread. Failures are ignored.</summary>
    internal static void Apply()
    {
        nint call = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.Arm64 => 30,
            Architecture.X64 => 251,
            _ => -1,
        };
        if (call >= 0)
            _ = syscall(call, IoprioWhoProcess, 0, IoprioClassIdle << IoprioClassShift);
        _ = setpriority(PriorityProcess, 0, LowestNice);
    }

    [LibraryImport("libc.so.6")]
    private static partial nint syscall(nint number, nint which, nint who, nint ioprio);

    // On Linux, the priority of a process with the id 0 is that of the calling thread.
    [LibraryImport("libc.so.6")]
    private static partial int setpriority(int which, uint who, int priority);
}

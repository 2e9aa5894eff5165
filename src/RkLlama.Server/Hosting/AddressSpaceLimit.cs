using RkLlama.Engine.Configuration;
using RkLlama.Server.Connections;

namespace RkLlama.Server.Hosting;

/// <summary>Checks before the start that the process may use enough address space (RLIMIT_AS). With too little, .NET ends the process during a request.</summary>
internal static class AddressSpaceLimit
{
    // .NET reserves address space for the stacks of its threads, for malloc and for code, and does not use most of it. It also reserves half of the limit for the
    // heap. Measured with 64 clients and --memory 256: a limit of 2300 MiB is too low, one of 2560 MiB is enough.
    private const int OtherMiB = 2048;

    /// <summary>Returns what is wrong with the limit, as a sentence without its end; null if there is no limit or it is high enough.</summary>
    internal static string? FindProblem(NodeOptions options)
    {
        long needed = OtherMiB + (2L * options.MemoryMiB);
        return FileLimit.Read(options, "Max address space") is { } bytes && bytes >> 20 < needed
            ? $"its address space is limited to {bytes >> 20} MiB, and it needs {needed} MiB: raise the limit (LimitAS= in the unit, or ulimit -v)"
            : null;
    }
}

using System.Runtime.InteropServices;

namespace RkLlama.Engine.Workers.Worker;

/// <summary>The functions of the C library that a worker process needs, with their C names.</summary>
internal static partial class Libc
{
    private const string Library = "libc.so.6";

    internal const int _IOLBF = 1;
    internal const int _SC_NPROCESSORS_CONF = 83;

    [LibraryImport(Library)]
    internal static partial long sysconf(int name);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int dup(int fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int dup2(int oldfd, int newfd);

    [LibraryImport(Library)]
    internal static partial int setvbuf(nint stream, nint buffer, int mode, nuint size);

    [LibraryImport(Library)]
    internal static unsafe partial int sched_setaffinity(int pid, nuint cpusetsize, byte* mask);

    [LibraryImport(Library)]
    internal static unsafe partial nint write(int fd, byte* buffer, nuint count);

    [LibraryImport(Library)]
    internal static partial void _exit(int status);

    /// <summary>Returns the value of the global variable <c>FILE *stdout</c>.</summary>
    internal static nint Stdout()
    {
        nint libc = NativeLibrary.Load(Library);
        return Marshal.ReadIntPtr(NativeLibrary.GetExport(libc, "stdout"));
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RkLlama.Engine.Workers.Worker;

/// <summary>
/// Makes a process fit to host the vendor library, which prints to stdout what its callers need to know. Called once, first thing, on the main thread.
/// </summary>
public static class WorkerEnvironment
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>CPUs of the machine, whatever this process was bound to when it started.</summary>
    public static int ProcessorCount => (int)Libc.sysconf(Libc._SC_NPROCESSORS_CONF);

    /// <summary>
    /// Takes stdout away from the library and returns it for the caller's own use; from then on what anyone prints goes to stderr,
    /// line by line, so that the last words before a crash are not lost in a buffer.
    /// </summary>
    public static FileStream TakeStandardOutput()
    {
        int own = Libc.dup(StandardOutput);
        if (own < 0 || Libc.dup2(StandardError, StandardOutput) < 0)
            throw new IOException($"dup failed: {Marshal.GetLastPInvokeErrorMessage()}");

        _ = Libc.setvbuf(Libc.Stdout(), 0, Libc._IOLBF, 0);
        return new FileStream(new SafeFileHandle(own, ownsHandle: true), FileAccess.Write, bufferSize: 0);
    }

    /// <summary>
    /// Writes one line to stderr, behind everything the library has printed so far; it is a line of its own also where the library has left one open.
    /// </summary>
    public static unsafe void PrintLine(ReadOnlySpan<byte> line)
    {
        byte[] bytes = [(byte)'\n', .. line, (byte)'\n'];
        fixed (byte* start = bytes)
            _ = Libc.write(StandardError, start, (nuint)bytes.Length);
    }

    /// <summary>
    /// Lets every thread of this process use every CPU again: the server may be bound to the little cores, the library needs the big ones.
    /// </summary>
    public static unsafe void ResetAffinity()
    {
        byte[] all = new byte[128];
        all.AsSpan().Fill(0xFF);
        fixed (byte* mask = all)
        {
            foreach (string task in Directory.EnumerateDirectories("/proc/self/task"))
            {
                if (int.TryParse(Path.GetFileName(task), NumberStyles.None, CultureInfo.InvariantCulture, out int thread))
                    _ = Libc.sched_setaffinity(thread, (nuint)all.Length, mask);
            }
        }
    }

    /// <summary>
    /// Makes this process the first to go when the node runs out of memory: a worker can be replaced, and what it frees is most of what there is.
    /// </summary>
    public static void VolunteerToGoFirst()
    {
        try
        {
            // 0 is usual, 1000 is always chosen. Raising it needs no privilege.
            File.WriteAllText("/proc/self/oom_score_adj", "500");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // No such file in some containers; the kernel then takes the largest process, which is this one too.
        }
    }

    /// <summary>Ends the process at once, whatever its other threads are stuck in: no finalizer, no exit handler of the library.</summary>
    public static void ExitNow(int status) => Libc._exit(status);
}

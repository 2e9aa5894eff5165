using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RkLlama.Engine.Workers.Worker;

/// <summary>
/// Prepares a process for the vendor library, which prints its messages to stdout. The methods that change the process are called once, at its start, on the
/// main thread.
/// </summary>
public static class WorkerEnvironment
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>Number of CPUs of the machine, independent of the CPU affinity of this process.</summary>
    public static int ProcessorCount => (int)Libc.sysconf(Libc._SC_NPROCESSORS_CONF);

    /// <summary>
    /// Redirects stdout to stderr, so that everything that the library prints goes to stderr. Makes the stdout of the C library line-buffered, so that the last
    /// lines before a crash are not lost in a buffer.
    /// </summary>
    /// <returns>A stream to the original stdout. The caller owns it.</returns>
    /// <exception cref="IOException">The redirection failed.</exception>
    public static FileStream RedirectStandardOutput()
    {
        int own = Libc.dup(StandardOutput);
        if (own < 0 || Libc.dup2(StandardError, StandardOutput) < 0)
            throw new IOException($"dup failed: {Marshal.GetLastPInvokeErrorMessage()}");

        _ = Libc.setvbuf(Libc.Stdout(), 0, Libc._IOLBF, 0);
        return new FileStream(new SafeFileHandle(own, ownsHandle: true), FileAccess.Write, bufferSize: 0);
    }

    /// <summary>
    /// Writes one line to stderr, after everything that the library has printed so far. Writes a line break before it, because the last line of the library may
    /// have none.
    /// </summary>
    /// <param name="line">The line without a line break.</param>
    public static unsafe void PrintLine(ReadOnlySpan<byte> line)
    {
        byte[] bytes = [(byte)'\n', .. line, (byte)'\n'];
        fixed (byte* start = bytes)
            _ = Libc.write(StandardError, start, (nuint)bytes.Length);
    }

    /// <summary>
    /// Allows all threads of this process to use all CPUs. The worker inherits the server's CPU affinity, which may be limited to the slow (little) cores. But
    /// the library needs the fast (big) cores.
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
    /// Raises the OOM score of this process, so that the kernel kills it first if the node runs out of memory. A worker can be restarted, and its end frees
    /// the most memory.
    /// </summary>
    public static void RaiseOomScore()
    {
        try
        {
            // The default is 0, the maximum 1000. Raising the value needs no privilege.
            File.WriteAllText("/proc/self/oom_score_adj", "500");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // Some containers do not have this file. Then the kernel kills the largest process, which is usually this one.
        }
    }

    /// <summary>Ends the process at once, even if other threads are blocked. Runs no finalizers and no exit handlers of the library.</summary>
    public static void ExitNow(int status) => Libc._exit(status);
}

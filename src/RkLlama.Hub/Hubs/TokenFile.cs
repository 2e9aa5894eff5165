using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RkLlama.Hub.Hubs;

/// <summary>Reads a file with a token. The path comes from the environment, so it may name anything.</summary>
internal static partial class TokenFile
{
    private const int MaxBytes = 4096;

    // The numbers are those of Linux on x64 and arm64. O_RDONLY is 0.
    private const int O_NOCTTY = 0x100;
    private const int O_NONBLOCK = 0x800;
    private const int O_CLOEXEC = 0x80000;

    /// <summary>Returns the token in a file, without the white space around it.</summary>
    /// <returns><see langword="null"/> if there is no token: the file is missing, empty, longer than 4 KiB, not a file, or may not be read.</returns>
    internal static string? Read(string path)
    {
        // Without O_NONBLOCK, the call would wait for the writer of a named pipe.
        int descriptor = open(path, O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        if (descriptor < 0)
            return null;
        using SafeFileHandle file = new(descriptor, ownsHandle: true);
        try
        {
            // The length of a pipe is not known, which is an exception. The length of a device such as /dev/zero is 0, so the read has its own limit.
            if (RandomAccess.GetLength(file) > MaxBytes)
                return null;
            byte[] content = new byte[MaxBytes + 1];
            int length = RandomAccess.Read(file, content, 0);
            return length <= MaxBytes && Encoding.UTF8.GetString(content, 0, length).Trim().Trim('\uFEFF') is { Length: > 0 } token ? token : null;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    [LibraryImport("libc.so.6", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);
}

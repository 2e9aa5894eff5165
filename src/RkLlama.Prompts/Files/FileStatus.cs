using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RkLlama.Prompts.Files;

/// <summary>The type of a file.</summary>
public enum FileKind
{
    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A named pipe (FIFO).</summary>
    Pipe,

    /// <summary>A socket.</summary>
    Socket,

    /// <summary>A character or block device.</summary>
    Device,

    /// <summary>Another type.</summary>
    Other,
}

/// <summary>
/// Properties of a file that identify its content. While they stay the same, the content of the file is the same, except for a change within the resolution
/// of the file system's clock (up to a few milliseconds).
/// </summary>
/// <param name="Kind">The type of the file.</param>
/// <param name="Device">The number of the file system.</param>
/// <param name="Inode">The number of the file in its file system.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="Modified">Time of the last change of the content, in nanoseconds since the Unix epoch.</param>
/// <param name="Changed">Time of the last change of the content or of the inode, in nanoseconds since the Unix epoch.</param>
public readonly partial record struct FileStatus(FileKind Kind, ulong Device, ulong Inode, long Size, long Modified, long Changed)
{
    private const string Library = "libc.so.6";
    private const int AtCurrentDirectory = -100;
    private const int AtEmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;

    /// <summary>Reads the status of a file. Does not open the file. Symbolic links are followed.</summary>
    /// <returns><see langword="null"/> if the file does not exist or its directory may not be searched.</returns>
    public static FileStatus? Of(string path) => TryRead(AtCurrentDirectory, path, 0, out FileStatus status) == 0 ? status : null;

    /// <summary>Reads the status of an open file.</summary>
    /// <exception cref="IOException">The kernel reported an error.</exception>
    public static FileStatus Of(SafeFileHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        int error = TryRead((int)file.DangerousGetHandle(), "", AtEmptyPath, out FileStatus status);
        GC.KeepAlive(file);
        return error == 0 ? status : throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
    }

    /// <summary>Reads the status of a file.</summary>
    /// <returns>0, or the value of errno.</returns>
    internal static unsafe int TryRead(int directory, string path, int flags, out FileStatus status)
    {
        // statx has the same layout on all architectures; stat has not.
        Statx raw = default;
        if (statx(directory, path, flags, BasicStats, &raw) != 0)
        {
            status = default;
            return Marshal.GetLastPInvokeError();
        }

        status = new(
            KindOf(raw.Mode),
            ((ulong)raw.DeviceMajor << 32) | raw.DeviceMinor,
            raw.Inode,
            (long)raw.Size,
            (raw.ModifiedSeconds * 1_000_000_000) + raw.ModifiedNanoseconds,
            (raw.ChangedSeconds * 1_000_000_000) + raw.ChangedNanoseconds);
        return 0;
    }

    private static FileKind KindOf(ushort mode) => (mode & 0xF000) switch
    {
        0x8000 => FileKind.Regular,
        0x4000 => FileKind.Directory,
        0x1000 => FileKind.Pipe,
        0xC000 => FileKind.Socket,
        0x2000 or 0x6000 => FileKind.Device,
        _ => FileKind.Other,
    };

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int dirfd, string pathname, int flags, uint mask, Statx* buffer);

    /// <summary>The fields of <c>struct statx</c> that are used.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(28)]
        internal ushort Mode;

        [FieldOffset(32)]
        internal ulong Inode;

        [FieldOffset(40)]
        internal ulong Size;

        [FieldOffset(96)]
        internal long ChangedSeconds;

        [FieldOffset(104)]
        internal uint ChangedNanoseconds;

        [FieldOffset(112)]
        internal long ModifiedSeconds;

        [FieldOffset(120)]
        internal uint ModifiedNanoseconds;

        [FieldOffset(136)]
        internal uint DeviceMajor;

        [FieldOffset(140)]
        internal uint DeviceMinor;
    }
}

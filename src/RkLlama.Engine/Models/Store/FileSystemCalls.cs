using System.Runtime.InteropServices;

namespace RkLlama.Engine.Models.Store;

/// <summary>The functions of the C library that changes of the models directory need and .NET does not have, with their C names.</summary>
internal static partial class FileSystemCalls
{
    internal const int AT_FDCWD = -100;
    internal const int AT_SYMLINK_FOLLOW = 0x400;
    internal const uint RENAME_NOREPLACE = 1;
    internal const uint RENAME_EXCHANGE = 2;
    internal const nuint FICLONE = 0x40049409;
    internal const int O_CLOEXEC = 0x80000;
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;

    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int EXDEV = 18;
    internal const int EINVAL = 22;
    internal const int ENOSPC = 28;
    internal const int EMLINK = 31;
    internal const int ENOSYS = 38;
    internal const int EOPNOTSUPP = 95;
    internal const int EDQUOT = 122;

    private const string Library = "libc.so.6";

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int linkat(int olddirfd, string oldpath, int newdirfd, string newpath, int flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int renameat2(int olddirfd, string oldpath, int newdirfd, string newpath, uint flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rename(string oldpath, string newpath);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fsync(int fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    /// <summary>Returns an exception with the message of the last error. Its <see cref="Exception.HResult"/> is the value of errno.</summary>
    /// <param name="path">The path that the call was about.</param>
    internal static IOException LastError(string path) => Error(Marshal.GetLastPInvokeError(), path);

    /// <summary>Returns an exception with the message of an error. Its <see cref="Exception.HResult"/> is the value of errno.</summary>
    internal static IOException Error(int error, string path) => new($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'", error);
}

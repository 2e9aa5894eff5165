using System.Runtime.InteropServices;

namespace RkLlama.Engine.Prefixes;

/// <summary>Checks that a file or directory belongs to the user of this process alone. Files of other users, links and devices are never read.</summary>
internal static partial class PrivateFile
{
    private const string Library = "libc.so.6";
    private const int AtCurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint BasicStats = 0x7ff;
    private const int TypeMask = 0xF000;
    private const int RegularType = 0x8000;
    private const int DirectoryType = 0x4000;

    // The permissions of the group and of others.
    private const int AccessOfOthers = 0x3F;
    private const int WritesOfOthers = 0x12;

    /// <summary>Whether the path is a regular file with one name, and only this user can access it. Links are not followed.</summary>
    internal static bool IsPrivate(string path) =>
        TryRead(path, out Statx status) && (status.Mode & TypeMask) == RegularType && (status.Mode & AccessOfOthers) == 0 && status.Links == 1 && status.User == geteuid();

    /// <summary>Whether the path is a directory, and only this user can change it. A link is not a directory here.</summary>
    internal static bool IsPrivateDirectory(string path) =>
        TryRead(path, out Statx status) && (status.Mode & TypeMask) == DirectoryType && (status.Mode & WritesOfOthers) == 0 && status.User == geteuid();

    private static unsafe bool TryRead(string path, out Statx status)
    {
        Statx raw = default;
        bool isRead = statx(AtCurrentDirectory, path, NoFollow, BasicStats, &raw) == 0;
        status = raw;
        return isRead;
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int dirfd, string pathname, int flags, uint mask, Statx* buffer);

    [LibraryImport(Library)]
    private static partial uint geteuid();

    /// <summary>The fields of <c>struct statx</c> that are used.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(16)]
        internal uint Links;

        [FieldOffset(20)]
        internal uint User;

        [FieldOffset(28)]
        internal ushort Mode;
    }
}

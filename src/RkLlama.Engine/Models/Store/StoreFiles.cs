using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RkLlama.Prompts.Files;
using static RkLlama.Engine.Models.Store.FileSystemCalls;

namespace RkLlama.Engine.Models.Store;

/// <summary>Changes the models directory. Has no state.</summary>
internal sealed class StoreFiles : IStoreFiles
{
    private const int ChunkBytes = 1 << 20;

    /// <inheritdoc/>
    public IDisposable CreateLocked(string directory)
    {
        while (true)
        {
            Directory.CreateDirectory(directory);
            SafeFileHandle handle = OpenDirectory(directory);

            // The call fails on a file system without locks. Then the directory is used without one.
            _ = flock((int)handle.DangerousGetHandle(), LOCK_EX);

            // Before the lock, another process may have removed the directory as a leftover.
            if (Directory.Exists(directory))
                return handle;
            handle.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Link(string source, string destination, CancellationToken cancellationToken)
    {
        if (linkat(AT_FDCWD, source, AT_FDCWD, destination, AT_SYMLINK_FOLLOW) == 0)
            return;

        // EPERM: the file system has no hard links, or the kernel allows hard links to own files only.
        int error = Marshal.GetLastPInvokeError();
        if (error == ENOENT && !Exists(source))
            throw new FileNotFoundException($"Could not find file '{source}'.", source);
        if (error is not (EXDEV or EPERM or EMLINK or EOPNOTSUPP or ENOSYS or EINVAL))
            throw Error(error, destination);
        Copy(source, destination, cancellationToken);
    }

    /// <inheritdoc/>
    public void Write(string path, ReadOnlySpan<byte> content)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(file, content, 0);
        RandomAccess.FlushToDisk(file);
    }

    /// <inheritdoc/>
    public bool TryRename(string source, string destination)
    {
        if (renameat2(AT_FDCWD, source, AT_FDCWD, destination, RENAME_NOREPLACE) == 0)
            return true;

        int error = Marshal.GetLastPInvokeError();
        if (error is EINVAL or ENOSYS)
        {
            // The file system cannot check and rename in one step.
            if (Exists(destination))
                return false;
            if (rename(source, destination) == 0)
                return true;
            error = Marshal.GetLastPInvokeError();
        }

        return Exists(destination) && Exists(source) ? false : throw Error(error, source);
    }

    /// <inheritdoc/>
    public void Replace(string source, string destination)
    {
        if (rename(source, destination) != 0)
            throw LastError(destination);
    }

    /// <inheritdoc/>
    public void Exchange(string one, string other)
    {
        if (renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0)
            return;
        int error = Marshal.GetLastPInvokeError();
        throw error is EINVAL or ENOSYS ? new IOException($"its file system cannot replace a model in one step; delete the model first : '{other}'", error) : Error(error, other);
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        // A link to a directory is not a directory here.
        if (new FileInfo(path).LinkTarget is null && Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }

    /// <inheritdoc/>
    public bool TryDeleteUnlocked(string path)
    {
        if (new FileInfo(path).LinkTarget is not null || !Directory.Exists(path))
        {
            Delete(path);
            return true;
        }

        using SafeFileHandle directory = OpenDirectory(path);
        if (flock((int)directory.DangerousGetHandle(), LOCK_EX | LOCK_NB) != 0)
            return false;
        Delete(path);
        return true;
    }

    /// <inheritdoc/>
    public void Sync(string directory)
    {
        using SafeFileHandle handle = OpenDirectory(directory);
        if (fsync((int)handle.DangerousGetHandle()) != 0)
            throw LastError(directory);
    }

    private static SafeFileHandle OpenDirectory(string path)
    {
        int descriptor = open(path, O_CLOEXEC);
        return descriptor >= 0 ? new(descriptor, ownsHandle: true) : throw LastError(path);
    }

    /// <summary>Whether there is a file, a directory or a link with this path. A link may have no target.</summary>
    internal static bool Exists(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;

    /// <summary>Copies a file: shares its data if the file system can do this, otherwise copies the data.</summary>
    private static void Copy(string source, string destination, CancellationToken cancellationToken)
    {
        using SafeFileHandle from = RegularFile.OpenHandle(source);
        using SafeFileHandle to = File.OpenHandle(destination, FileMode.CreateNew, FileAccess.Write);
        if (ioctl((int)to.DangerousGetHandle(), FICLONE, from.DangerousGetHandle()) != 0)
        {
            long size = RandomAccess.GetLength(from);
            if (new DriveInfo(Path.GetDirectoryName(destination)!).AvailableFreeSpace < size)
                throw Error(ENOSPC, destination);
            byte[] chunk = new byte[ChunkBytes];
            for (long offset = 0; ReadSource(source, from, chunk, offset) is var count && count > 0; offset += count)
            {
                cancellationToken.ThrowIfCancellationRequested();
                RandomAccess.Write(to, chunk.AsSpan(0, count), offset);
            }
        }

        RandomAccess.FlushToDisk(to);
    }

    /// <exception cref="ModelException">The file cannot be read. The error names it, because otherwise it would look like an error of the models directory.</exception>
    private static int ReadSource(string path, SafeFileHandle file, byte[] buffer, long offset)
    {
        try
        {
            return RandomAccess.Read(file, buffer, offset);
        }
        catch (IOException ex)
        {
            throw ModelException.SourceUnreadable(path, ex);
        }
    }
}

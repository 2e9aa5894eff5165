namespace RkLlama.Engine.Models.Store;

/// <summary>
/// The operations with which <see cref="ModelStore"/> changes the models directory. Each one makes one or a few system calls. This is an interface, so that a
/// test can make each operation fail. If an operation fails, it throws an <see cref="IOException"/> or an <see cref="UnauthorizedAccessException"/>. Its
/// <see cref="Exception.HResult"/> is the value of errno.
/// </summary>
internal interface IStoreFiles
{
    /// <summary>
    /// Creates a directory and locks it until the result is disposed. <see cref="TryDeleteUnlocked"/> does not delete a locked directory, even if another
    /// process of this machine calls it.
    /// </summary>
    IDisposable CreateLocked(string directory);

    /// <summary>
    /// Creates a second name of a file: a hard link. If that is not possible, for example on another file system, creates a copy that shares the data of the
    /// file (a reflink), or a full copy. Links are followed.
    /// </summary>
    /// <exception cref="IOException">There is no space for a full copy (ENOSPC), or another error.</exception>
    void Link(string source, string destination, CancellationToken cancellationToken);

    /// <summary>Creates a new file with this content, and writes it to the disk.</summary>
    void Write(string path, ReadOnlySpan<byte> content);

    /// <summary>Renames a file or a directory. Fails if the new name exists.</summary>
    /// <returns><see langword="false"/> if the new name exists. Then nothing has changed.</returns>
    bool TryRename(string source, string destination);

    /// <summary>Renames a file in one step. If the new name exists, replaces the file that has it.</summary>
    void Replace(string source, string destination);

    /// <summary>Exchanges the names of two directories in one step.</summary>
    /// <exception cref="IOException">The file system cannot do this (EINVAL), or another error.</exception>
    void Exchange(string one, string other);

    /// <summary>Deletes a file, a link, or a directory with its content. Links in the directory are not followed.</summary>
    void Delete(string path);

    /// <summary>Deletes a file or directory like <see cref="Delete"/>, except a directory that is locked.</summary>
    /// <returns><see langword="false"/> if the directory is locked.</returns>
    bool TryDeleteUnlocked(string path);

    /// <summary>Writes the entries of a directory to the disk (fsync), so that a change of names is not lost in a power failure.</summary>
    void Sync(string directory);
}

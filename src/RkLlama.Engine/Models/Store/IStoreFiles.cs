namespace RkLlama.Engine.Models.Store;

/// <summary>
/// The changes that <see cref="ModelStore"/> makes in the models directory, one system call or a few each. An interface, so that tests can fail each of them.
/// All methods throw <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>; the <see cref="Exception.HResult"/> is the value of errno.
/// </summary>
internal interface IStoreFiles
{
    /// <summary>Creates a directory and locks it against <see cref="TryDeleteUnlocked"/> of all processes of this machine, until the result is disposed.</summary>
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

    /// <summary>Replaces a file by another one.</summary>
    void Replace(string source, string destination);

    /// <summary>Deletes a file, a link, or a directory with its content. Links in the directory are not followed.</summary>
    void Delete(string path);

    /// <summary>Deletes a file or directory like <see cref="Delete"/>, except a directory that is locked.</summary>
    /// <returns><see langword="false"/> if the directory is locked.</returns>
    bool TryDeleteUnlocked(string path);

    /// <summary>Writes the names in a directory to the disk.</summary>
    void Sync(string directory);
}

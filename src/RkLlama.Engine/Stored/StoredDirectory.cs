using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Prefixes;

namespace RkLlama.Engine.Stored;

/// <summary>
/// The directory of the stored answers: one file for each entry, named by its id. Only the user of this process can read the files. The class ignores files with
/// other names, files of other users, links and devices. Any thread may call <see cref="Read"/>. Only the writing task of the <see cref="AnswerStore"/> calls the other methods.
/// </summary>
/// <param name="path">Full path of the directory.</param>
#pragma warning disable CA1416 // file modes do not exist on Windows, and this program runs on Linux only
internal sealed class StoredDirectory(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Extension = ".answer", TemporaryExtension = ".answer.new";

    /// <summary>The size of a file counts in blocks of the file system.</summary>
    internal const int BlockBytes = 4096;

    internal string Path => path;

    /// <summary>Whether there is a directory that this user owns.</summary>
    internal bool Exists => PrivateFile.IsPrivateDirectory(path);

    /// <summary>Creates the directory if it is missing.</summary>
    /// <returns>Why the directory cannot be used, as the end of a sentence that starts with its path; <see langword="null"/> if it can.</returns>
    internal string? Open()
    {
        try
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
            return PrivateFile.IsPrivateDirectory(path) ? null : "is a link, belongs to another user, or other users may write to it";
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return $"cannot be created ({ex.Message.TrimEnd('.')})";
        }
    }

    /// <summary>Reads the entries of all files. Deletes damaged files and the files of interrupted writes.</summary>
    /// <param name="damaged">Number of damaged files.</param>
    internal List<(StoredEntry Entry, long Bytes)> ReadAll(out int damaged)
    {
        damaged = 0;
        List<(StoredEntry, long)> entries = [];
        foreach (FileInfo info in new DirectoryInfo(path).EnumerateFiles())
        {
            if (info.Name.EndsWith(TemporaryExtension, StringComparison.Ordinal) && PrivateFile.IsPrivate(info.FullName))
            {
                info.Delete();
                continue;
            }

            if (info.Extension != Extension || !PrivateFile.IsPrivate(info.FullName))
                continue;
            StoredEntry? entry;
            using (FileStream file = OpenRead(info.FullName))
                entry = StoredFile.ReadEntry(file);
            if (entry is { Id: not null, Owner: not null } && entry.Id + Extension == info.Name && IsId(entry.Id))
            {
                entries.Add((entry, info.Length));
                continue;
            }

            damaged++;
            info.Delete();
        }

        return entries;
    }

    /// <summary>Reads the file of an entry. Any thread.</summary>
    /// <returns><see langword="null"/> if it is missing or damaged.</returns>
    /// <exception cref="IOException">The file cannot be read, or others may read it.</exception>
    internal StoredContent? Read(string id)
    {
        string name = NameOf(id);
        if (!PrivateFile.IsPrivate(name))
            return File.Exists(name) ? throw new IOException($"'{name}' has another owner, a second link, or a mode other than 0600") : null;
        using FileStream file = OpenRead(name);
        return StoredFile.Read(file);
    }

    /// <summary>Writes the file of an entry to the disk, in place of an older one.</summary>
    internal void Write(string id, byte[] content)
    {
        string temporary = System.IO.Path.Join(path, id + TemporaryExtension);
        File.Delete(temporary);
        try
        {
            using (FileStream file = File.Open(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, NameOf(id), overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        new StoreFiles().Sync(path);
    }

    /// <summary>Deletes the files of entries, if there are any.</summary>
    internal void Delete(params ReadOnlySpan<string> ids)
    {
        foreach (string id in ids)
            File.Delete(NameOf(id));
        if (!ids.IsEmpty)
            new StoreFiles().Sync(path);
    }

    /// <summary>Whether a text can be the id of an entry.</summary>
    internal static bool IsId(string text) =>
        text.Length is > 0 and <= 100 && text.All(static character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character is '_' or '-');

    private string NameOf(string id) => System.IO.Path.Join(path, id + Extension);

    private static FileStream OpenRead(string name) => new(name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}

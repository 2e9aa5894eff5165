using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RkLlama.Engine.Models.Store;
using RkLlama.Native;

namespace RkLlama.Engine.Prefixes;

/// <summary>
/// The directory with the saved prefixes: two files for each model, one with the KV cache (<c>.cache</c>) and its sidecar (<c>.json</c>). Their names are hashes of the
/// models directory and of the name of the model. The time of the sidecar is that of the last use. Other files in the directory are never touched. Not thread-safe.
/// </summary>
/// <param name="path">Full path of the directory.</param>
/// <param name="models">Full path of the models directory.</param>
#pragma warning disable CA1416 // file modes do not exist on Windows, and this program runs on Linux only
internal sealed class PrefixDirectory(string path, string models)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int NameLength = 32;

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
            return $"cannot be created ({ex.Message})";
        }
    }

    /// <summary>Whether there is a directory that this user owns.</summary>
    internal bool Exists => PrivateFile.IsPrivateDirectory(path);

    internal string CacheOf(string model) => Path.Join(path, NameOf(model) + ".cache");

    internal string SidecarOf(string model) => Path.Join(path, NameOf(model) + ".json");

    /// <summary>The free space of the file system, in bytes.</summary>
    internal long FreeBytes => new DriveInfo(path).AvailableFreeSpace;

    /// <summary>Creates an empty file for the KV cache of a model. <see cref="Commit"/> gives it its name.</summary>
    /// <returns>Its path.</returns>
    internal string CreateTemporary(string model)
    {
        string name = Path.Join(path, string.Create(CultureInfo.InvariantCulture, $"{NameOf(model)}.{Environment.ProcessId}.tmp"));
        File.Delete(name);
        using (File.Open(name, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
            return name;
    }

    /// <summary>Makes a complete file and its sidecar those of the model. Writes both to the disk before that.</summary>
    /// <param name="temporary">The file of <see cref="CreateTemporary"/>.</param>
    internal void Commit(string model, string temporary, PrefixSidecar sidecar)
    {
        string json = temporary + ".json";
        File.SetUnixFileMode(temporary, OwnerOnly);
        Sync(temporary);
        File.Delete(json);
        using (FileStream file = File.Open(json, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            file.Write(sidecar.ToJson());
            file.Flush(flushToDisk: true);
        }

        // Between the two steps, the old sidecar has another hash than the new file, so the file would be refused.
        File.Move(temporary, CacheOf(model), overwrite: true);
        File.Move(json, SidecarOf(model), overwrite: true);
        new StoreFiles().Sync(path);
    }

    /// <summary>Records that the files of a model were used.</summary>
    internal void Touch(string model, DateTimeOffset now) => File.SetLastWriteTimeUtc(SidecarOf(model), now.UtcDateTime);

    /// <summary>Deletes the files of a model.</summary>
    /// <returns>Whether there were any.</returns>
    internal bool Delete(string model)
    {
        bool exists = StoreFiles.Exists(CacheOf(model)) || StoreFiles.Exists(SidecarOf(model));
        File.Delete(SidecarOf(model));
        File.Delete(CacheOf(model));
        return exists;
    }

    /// <summary>Deletes the files of the least recently used models until the rest has at most this size.</summary>
    /// <param name="keep">The name of a model whose files stay and do not count; <see langword="null"/> for none.</param>
    internal void Shrink(long maxBytes, string? keep)
    {
        string? kept = keep is null ? null : NameOf(keep);
        Queue<IGrouping<string, FileInfo>> oldest = new(Files()
            .GroupBy(static file => file.Name[..NameLength])
            .Where(group => group.Key != kept)
            .OrderBy(static group => group.FirstOrDefault(static file => file.Extension == ".json")?.LastWriteTimeUtc ?? DateTime.MinValue));
        long total = oldest.Sum(static group => group.Sum(static file => file.Length));
        while (total > maxBytes && oldest.TryDequeue(out IGrouping<string, FileInfo>? group))
        {
            foreach (FileInfo file in group)
            {
                total -= file.Length;
                file.Delete();
            }
        }
    }

    /// <summary>Deletes the files of interrupted saving runs, of processes that have ended, and caches and sidecars that belong to no other file.</summary>
    internal void DeleteLeftovers()
    {
        foreach (FileInfo file in Files())
        {
            string[] parts = file.Name.Split('.');
            bool isLeftover = parts.Length > 2
                ? parts[1] == Environment.ProcessId.ToString(CultureInfo.InvariantCulture) || !Directory.Exists($"/proc/{parts[1]}")
                : !File.Exists(Path.ChangeExtension(file.FullName, file.Extension == ".json" ? ".cache" : ".json"));
            if (isLeftover)
                file.Delete();
        }
    }

    private List<FileInfo> Files() => [.. new DirectoryInfo(path).EnumerateFiles().Where(static file => IsOwn(file.Name, file.Extension))];

    private static bool IsOwn(string name, string extension) =>
        extension is ".cache" or ".json" or ".tmp" && name.Length > NameLength && name[NameLength] == '.' && name.Take(NameLength).All(char.IsAsciiHexDigitLower);

    private string NameOf(string model) => FileHash.Sha256Of(Encoding.UTF8.GetBytes($"{models}\0{model}"))[..NameLength];

    private static void Sync(string file)
    {
        using SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(handle);
    }
}

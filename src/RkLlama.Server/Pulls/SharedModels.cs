using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Residency;
using RkLlama.Prompts.Files;

namespace RkLlama.Server.Pulls;

/// <summary>A file of a shared model.</summary>
/// <param name="Path">The path in the model's directory, with <c>/</c> between directories.</param>
/// <param name="FullPath">The full path.</param>
internal sealed record SharedFile(string Path, string FullPath, FileStatus Status)
{
    /// <summary>The strong entity tag: another one after each change of the file.</summary>
    internal string Tag => SharedModels.TagOf(Status);
}

/// <summary>
/// The files of models that other nodes may download: the .rkllm file that the Modelfile names, and the other regular files in the model's directory and in its
/// subdirectories with chat templates or a tokenizer. Only the .rkllm file may be a symbolic link. Hidden and unfinished files are left out. Thread-safe.
/// </summary>
internal sealed class SharedModels(ModelCatalog catalog)
{
    private const int MaxFiles = 1000;

    /// <summary>Returns the files of a model, the .rkllm file first.</summary>
    /// <param name="requested">The name of a model. Ignores case and the tag <c>:latest</c>.</param>
    /// <exception cref="ModelNotFoundException">There is no such model, or its .rkllm file is missing.</exception>
    /// <exception cref="ModelException">The Modelfile is not valid, or names a file outside of the model's directory.</exception>
    internal IReadOnlyList<SharedFile> FilesOf(string requested)
    {
        ModelEntry entry = catalog.Find(catalog.Resolve(requested) ?? throw new ModelNotFoundException(requested));
        if (FileStatus.Of(entry.ModelPath) is not { Kind: FileKind.Regular } status)
            throw new ModelNotFoundException(requested);
        if (entry.Directory is not { } directory)
            return [new(Path.GetFileName(entry.ModelPath), entry.ModelPath, status)];
        if (ModelfilePaths.ModelFileOf(entry) is not { } model || Path.IsPathRooted(entry.Modelfile.From) || entry.Modelfile.From!.Split('/').Contains(".."))
            throw ModelException.NotShareable(entry.Name);

        IEnumerable<string> directories = ModelfilePaths.PromptDirectoriesOf(entry).Where(name => new FileInfo(Path.Join(directory, name)).LinkTarget is null).Prepend("");
        IEnumerable<SharedFile> others = directories.SelectMany(below => Directory.EnumerateFiles(Path.Join(directory, below)).Order(StringComparer.Ordinal))
            .Where(path => IsOther(Path.GetFileName(path)) && new FileInfo(path).LinkTarget is null)
            .Select(path => (Path: path, Status: FileStatus.Of(path)))
            .Where(static file => file.Status is { Kind: FileKind.Regular })
            .Select(file => new SharedFile(Path.GetRelativePath(directory, file.Path), file.Path, file.Status!.Value))
            .DistinctBy(static file => file.Path);
        return [new(model, entry.ModelPath, status), .. others.Take(MaxFiles - 1)];
    }

    /// <summary>Opens a file of a model.</summary>
    /// <param name="path">A path from <see cref="FilesOf"/>.</param>
    /// <returns>The open file, which the caller disposes, and its entity tag and time; <see langword="null"/> if the model has no such file.</returns>
    /// <inheritdoc cref="FilesOf" path="/exception"/>
    internal (FileStream Content, string Tag, DateTimeOffset Modified)? Open(string requested, string path)
    {
        if (FilesOf(requested).FirstOrDefault(file => file.Path == path) is not { } found)
            return null;
        try
        {
            // The tag is that of the open file, which may be another one than that of the list.
            SafeFileHandle handle = RegularFile.OpenHandle(found.FullPath);
            FileStatus status = FileStatus.Of(handle);
            return (new(handle, FileAccess.Read, bufferSize: 0), TagOf(status), DateTimeOffset.UnixEpoch.AddTicks(status.Modified / TimeSpan.NanosecondsPerTick));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Returns a tag for all files together.</summary>
    internal static string RevisionOf(IEnumerable<SharedFile> files) =>
        Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(string.Join('\n', files.Select(static file => file.Path + "\0" + file.Tag)))));

    internal static string TagOf(FileStatus status) =>
        $"\"{Convert.ToHexStringLower(XxHash128.Hash(MemoryMarshal.AsBytes<long>([(long)status.Device, (long)status.Inode, status.Size, status.Modified, status.Changed])))}\"";

    private static bool IsOther(string name) =>
        ModelName.IsPlain(name) && !name.StartsWith('.') && !name.EndsWith(".rkllm", StringComparison.OrdinalIgnoreCase)
        && !name.EndsWith(".part", StringComparison.Ordinal) && !name.Contains(".part.", StringComparison.Ordinal) && !name.Contains('"', StringComparison.Ordinal);
}

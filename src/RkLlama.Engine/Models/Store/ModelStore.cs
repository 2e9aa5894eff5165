using System.Text;
using System.Text.RegularExpressions;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models.Store;

/// <summary>
/// Copies, renames and deletes models. Each change becomes visible with one call of <c>rename</c>, so a model exists completely or not at all, even after a
/// crash or a loss of power. A hidden name is a name in the models directory that begins with <c>.rkllama-</c>. A copy has a hidden name until it is complete.
/// A deleted model has a hidden name until its files are deleted. <see cref="Sweep"/> deletes what a crash has left under hidden names. If an entry of the
/// models directory is a link, the target of the link does not change. Exception: <see cref="Rename"/> may change FROM in the Modelfile of a linked directory.
/// Thread-safe.
/// </summary>
internal sealed partial class ModelStore(ModelCatalog catalog, IStoreFiles files, ILogger<ModelStore> logger)
{
    // Files up to this size are copied, so that an edit changes only one of the two models. Larger files become hard links.
    private const int MaxCopiedBytes = 1 << 20;
    private const string ModelExtension = ".rkllm";
    private const string ModelfileName = "Modelfile";

    [GeneratedRegex(@"^\.rkllama-[0-9a-f]{16}\.(?:new|deleted)$", RegexOptions.CultureInvariant)]
    private static partial Regex HiddenName { get; }

    /// <summary>
    /// Creates an independent copy of a model: a directory with its own Modelfile, and with hard links to the .rkllm files and other large files of the
    /// original. Subdirectories are left out. Either model may be deleted afterwards.
    /// </summary>
    /// <param name="name">The model to copy: a name from the catalog.</param>
    /// <param name="destination">The name of the copy. The tag <c>:latest</c> is removed.</param>
    /// <param name="cancellationToken">Ends the copy. Then nothing has changed.</param>
    /// <exception cref="ModelException">
    /// The catalog cannot find the source or read its Modelfile, the .rkllm file is missing, the new name is invalid or in use, or the models directory cannot
    /// be changed or is full. Nothing has changed.
    /// </exception>
    internal void Copy(string name, string destination, CancellationToken cancellationToken = default)
    {
        string plain = CheckFree(destination);
        ModelEntry source = catalog.Find(name);
        if (FileStatus.Of(source.ModelPath) is not { Kind: FileKind.Regular })
            throw ModelException.ModelFileMissing(source.ModelPath);

        string build = HiddenPath("new");
        Change(name, source.Directory ?? source.ModelPath, () =>
        {
            try
            {
                using (files.CreateLocked(build))
                {
                    Fill(build, source, cancellationToken);
                    files.Sync(build);
                    if (!files.TryRename(build, Path.Join(catalog.Root, plain)))
                        throw ModelException.NameTaken(plain);
                }
            }
            catch
            {
                Remove(build);
                throw;
            }
        });
        SyncRoot();
    }

    /// <summary>Renames a model.</summary>
    /// <param name="name">A name from the catalog.</param>
    /// <param name="destination">The new name. The tag <c>:latest</c> is removed.</param>
    /// <returns>The new name without the tag.</returns>
    /// <exception cref="ModelException">
    /// There is no such model, the new name is invalid or in use, or the models directory cannot be changed. The model still has its old name.
    /// </exception>
    internal string Rename(string name, string destination)
    {
        string plain = CheckFree(destination);
        string source = PathOf(name);
        bool isDirectory = Directory.Exists(source);
        Change(name, source, () =>
        {
            if (isDirectory)
                MakeFromRelative(name, source);
            if (!files.TryRename(source, Path.Join(catalog.Root, isDirectory ? plain : plain + ModelExtension)))
                throw ModelException.NameTaken(plain);
        });
        SyncRoot();
        return plain;
    }

    /// <summary>Takes a model out of the catalog: gives its directory or file a hidden name. <see cref="Remove"/> then deletes it.</summary>
    /// <returns>The hidden path.</returns>
    /// <exception cref="ModelException">There is no such model, or the models directory cannot be changed. The model is still there.</exception>
    internal string Detach(string name)
    {
        string source = PathOf(name), hidden = HiddenPath("deleted");
        Change(name, source, () => files.TryRename(source, hidden));
        SyncRoot();
        return hidden;
    }

    /// <summary>Deletes a hidden directory or file. If this fails, logs the reason; <see cref="Sweep"/> tries it again at the next start.</summary>
    internal void Remove(string hidden)
    {
        try
        {
            if (StoreFiles.Exists(hidden))
                files.Delete(hidden);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            Log.NotRemoved(logger, hidden, ex.Message);
        }
    }

    /// <summary>Deletes what copies and deletions have left when a server was killed. Throws no errors of the file system.</summary>
    internal void Sweep()
    {
        try
        {
            foreach (string path in Directory.EnumerateFileSystemEntries(catalog.Root, ModelName.HiddenPrefix + "*").Where(path => HiddenName.IsMatch(Path.GetFileName(path))))
                SweepOne(path);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // The models directory is missing or cannot be read. Requests report this.
        }
    }

    private void SweepOne(string path)
    {
        try
        {
            // If the directory is locked, another server is building a copy in it.
            if (files.TryDeleteUnlocked(path))
                Log.Swept(logger, path);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            Log.NotRemoved(logger, path, ex.Message);
        }
    }

    private string HiddenPath(string kind) => Path.Join(catalog.Root, $"{ModelName.HiddenPrefix}{Guid.NewGuid().ToString("N")[..16]}.{kind}");

    /// <summary>Returns the path of a model's directory. If the model has no directory, returns the path of its .rkllm file.</summary>
    private string PathOf(string name)
    {
        if (!ModelName.IsModelName(name))
            throw ModelException.DirectoryNotFound(name);
        string directory = Path.Join(catalog.Root, name);
        if (Directory.Exists(directory))
            return directory;
        string file = directory + ModelExtension;
        return StoreFiles.Exists(file) ? file : throw ModelException.DirectoryNotFound(name);
    }

    /// <returns>The name without the tag <c>:latest</c>.</returns>
    private string CheckFree(string destination)
    {
        const string Tag = ":latest";
        string plain = destination.EndsWith(Tag, StringComparison.OrdinalIgnoreCase) ? destination[..^Tag.Length] : destination;
        if (!ModelName.IsModelName(plain) || !ModelName.IsPlain(plain + ModelExtension))
            throw ModelException.NameInvalid(destination);
        if (Path.Exists(Path.Join(catalog.Root, plain)) || Path.Exists(Path.Join(catalog.Root, plain + ModelExtension)) || catalog.Resolve(plain) is not null)
            throw ModelException.NameTaken(plain);
        return plain;
    }

    private void Fill(string build, ModelEntry source, CancellationToken cancellationToken)
    {
        string model = Path.GetFileName(source.ModelPath);
        files.Link(source.ModelPath, Path.Join(build, model), cancellationToken);
        files.Write(Path.Join(build, ModelfileName), Encoding.UTF8.GetBytes(ModelfileOf(source, model)));
        if (source.Directory is null)
            return;

        foreach (string file in Directory.EnumerateFileSystemEntries(source.Directory))
        {
            string name = Path.GetFileName(file), copy = Path.Join(build, name);
            if (name == model || name == ModelfileName || FileStatus.Of(file) is not { Kind: FileKind.Regular } status)
                continue;
            if (status.Size > MaxCopiedBytes || name.EndsWith(ModelExtension, StringComparison.Ordinal))
                files.Link(file, copy, cancellationToken);
            else
                files.Write(copy, RegularFile.ReadAllBytes(file, MaxCopiedBytes, cancellationToken));
        }
    }

    /// <summary>Returns the text of the Modelfile for a copy. FROM names the .rkllm file in the directory of the copy.</summary>
    private static string ModelfileOf(ModelEntry source, string model)
    {
        string path = Path.Join(source.Directory, ModelfileName);
        if (source.Directory is null || !File.Exists(path))
            return $"FROM=\"{model}\"\n";
        string text = RegularFile.ReadAllText(path, FileLimits.Modelfile);
        return IsOwn(source.Modelfile.From!, model) ? text : FromRewriter.Rewrite(text, model) ?? throw ModelException.FromNotRewritable(path);
    }

    /// <summary>
    /// Makes FROM relative to the model's directory, if FROM names a file in this directory but contains the name of the directory, for example
    /// <c>../name/model.rkllm</c>. Otherwise FROM would name a missing file after the rename.
    /// </summary>
    private void MakeFromRelative(string name, string directory)
    {
        string path = Path.Join(directory, ModelfileName);
        if (!File.Exists(path))
            return;
        ModelEntry entry;
        try
        {
            entry = catalog.Find(name);
        }
        catch (ModelException)
        {
            // A model with an invalid Modelfile can be renamed, too.
            return;
        }

        string relative = Path.GetRelativePath(directory, entry.ModelPath);
        if (relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) || IsOwn(entry.Modelfile.From!, relative))
            return;
        string text = FromRewriter.Rewrite(RegularFile.ReadAllText(path, FileLimits.Modelfile), relative) ?? throw ModelException.FromNotRewritable(path);
        string changed = Path.Join(directory, ".Modelfile.new");
        files.Delete(changed);
        files.Write(changed, Encoding.UTF8.GetBytes(text));
        files.Replace(changed, path);
    }

    /// <summary>Whether FROM names this file by a path that starts at the model's directory and does not leave it.</summary>
    private static bool IsOwn(string from, string relative) =>
        !Path.IsPathRooted(from) && !from.Split('/').Contains("..") && Path.GetFullPath(Path.Join("/", from)) == Path.Join("/", relative);

    /// <summary>Writes the entries of the models directory to the disk. The change is already visible, so a failure is only logged.</summary>
    private void SyncRoot()
    {
        try
        {
            files.Sync(catalog.Root);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            Log.NotSynced(logger, ex.Message);
        }
    }

    /// <summary>Makes a change on the disk, and turns its errors into those of models.</summary>
    /// <param name="source">The path of the model that is changed or copied.</param>
    private static void Change(string name, string source, Action action)
    {
        try
        {
            action();
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // Another request may have deleted or renamed the model meanwhile.
            if (!StoreFiles.Exists(source))
                throw ModelException.DirectoryNotFound(name);
            throw ex.HResult is FileSystemCalls.ENOSPC or FileSystemCalls.EDQUOT ? ModelException.NoSpace(ex) : ModelException.NotWritable(ex);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "{Path} cannot be deleted and still takes space, the next start of the server tries it again: {Reason}")]
        internal static partial void NotRemoved(ILogger logger, string path, string reason);

        [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Deleted {Path}, which an interrupted copy or deletion of a model had left")]
        internal static partial void Swept(ILogger logger, string path);

        [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "The change of the models directory may be lost in a power failure: {Reason}")]
        internal static partial void NotSynced(ILogger logger, string reason);
    }
}

using System.Text;
using System.Text.RegularExpressions;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models.Store;

/// <summary>
/// Copies, makes, renames and deletes models. Each change becomes visible with one call of <c>rename</c>, so a model exists completely or not at all, even after a
/// crash or a loss of power. A hidden name is a name in the models directory that begins with <c>.rkllama-</c>. A copy has a hidden name until it is complete.
/// A deleted model has a hidden name until its files are deleted. <see cref="Sweep"/> deletes what a crash has left under hidden names. If an entry of the
/// models directory is a link, the target of the link does not change. Exception: <see cref="Rename"/> may change paths in the Modelfile of a linked directory.
/// Thread-safe.
/// </summary>
internal sealed partial class ModelStore(ModelCatalog catalog, IStoreFiles files, ILogger<ModelStore> logger)
{
    private const string ModelExtension = ".rkllm";

    private readonly ModelFiles _contents = new(files);

    [GeneratedRegex(@"^\.rkllama-[0-9a-f]{16}\.(?:new|deleted)$", RegexOptions.CultureInvariant)]
    private static partial Regex HiddenName { get; }

    /// <summary>Raised when there is a new model, with its name. The thread that has made it calls the handlers. They must return at once.</summary>
    internal event Action<string>? Added;

    /// <summary>
    /// Creates an independent copy of a model: a directory with its own Modelfile, and with hard links to the .rkllm files and other large files of the
    /// original. Of its subdirectories, only those with chat templates or a tokenizer are copied. Either model may be deleted afterwards.
    /// </summary>
    /// <param name="name">The model to copy: a name from the catalog.</param>
    /// <param name="destination">The name of the copy. The tag <c>:latest</c> is removed.</param>
    /// <param name="cancellationToken">Ends the copy. Then nothing has changed.</param>
    /// <returns>The name of the copy without the tag.</returns>
    /// <exception cref="ModelException">
    /// The catalog cannot find the source or read its Modelfile, the .rkllm file is missing, the new name is invalid or in use, or the models directory cannot
    /// be changed or is full. Nothing has changed.
    /// </exception>
    internal string Copy(string name, string destination, CancellationToken cancellationToken = default)
    {
        string plain = CheckFree(destination);
        Build(name, ModelFiles.ModelfileOf, keepsSource: false, build => Place(build, plain), cancellationToken);
        Added?.Invoke(plain);
        return plain;
    }

    /// <summary>
    /// Makes a model of another one: its files as in a copy, and its Modelfile with other values. If there is a model with the new name, replaces it in one step. A
    /// model that is made of itself keeps its source.
    /// </summary>
    /// <param name="name">The model to make it of: a name from the catalog.</param>
    /// <param name="destination">The name of the new model. The tag <c>:latest</c> is removed. It may be the same as <paramref name="name"/>.</param>
    /// <param name="change">Returns the values of the new Modelfile. May throw <see cref="ModelException"/>.</param>
    /// <returns>The name of the new model, and the hidden path of the one that it has replaced. <see cref="Remove"/> deletes that.</returns>
    /// <inheritdoc cref="Copy" path="/param[@name='cancellationToken']"/>
    /// <inheritdoc cref="Copy" path="/exception"/>
    internal (string Name, string? Replaced) Create(string name, string destination, Func<Modelfile, Modelfile> change, CancellationToken cancellationToken = default)
    {
        string plain = catalog.ResolveName(ModelName.WithoutLatest(destination)) ?? CheckFree(destination);
        string path = Path.Join(catalog.Root, plain), loose = path + ModelExtension;
        string? replaced = null;
        Build(name, source => ChangedModelfileOf(source, change), keepsSource: name == plain, build =>
        {
            if (StoreFiles.Exists(path))
            {
                files.Exchange(build, path);
                replaced = build;
                return;
            }

            Place(build, plain);
            if (StoreFiles.Exists(loose) && HiddenPath("deleted") is var hidden && files.TryRename(loose, hidden))
                replaced = hidden;
        }, cancellationToken);
        Added?.Invoke(plain);
        return (plain, replaced);
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
                _contents.MakePathsRelative(catalog, name);
            if (!files.TryRename(source, Path.Join(catalog.Root, isDirectory ? plain : plain + ModelExtension)))
                throw ModelException.NameTaken(plain);
        });
        SyncRoot();
        Added?.Invoke(plain);
        return plain;
    }

    /// <summary>Returns the text of a model's Modelfile.</summary>
    /// <param name="name">A name from the catalog.</param>
    /// <exception cref="ModelException">The model has no directory or no Modelfile, or the Modelfile cannot be read.</exception>
    internal string ReadModelfile(string name)
    {
        string path = ModelfileOf(name);
        try
        {
            return RegularFile.ReadAllText(path, FileLimits.Modelfile);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ModelException.ModelfileMissing(name);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw ModelException.ModelfileUnreadable(path, ex);
        }
    }

    /// <summary>Replaces the Modelfile of a model in one step, after a check of the new text: <see cref="ModelfileEditCheck"/>.</summary>
    /// <param name="name">A name from the catalog.</param>
    /// <exception cref="ModelException">
    /// The text is too long, is not a valid Modelfile or does not pass the check, the model has no directory, or the models directory cannot be changed or is full.
    /// Nothing has changed.
    /// </exception>
    internal void ReplaceModelfile(string name, string text)
    {
        string path = ModelfileOf(name);
        byte[] content = Encoding.UTF8.GetBytes(text);
        if (content.Length > FileLimits.Modelfile)
            throw ModelException.ModelfileTooLarge(content.Length, FileLimits.Modelfile);
        ModelfileEditCheck.Check(catalog, name, text);
        Change(name, Path.GetDirectoryName(path)!, () => _contents.Replace(path, content));
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

    private void Place(string build, string name)
    {
        if (!files.TryRename(build, Path.Join(catalog.Root, name)))
            throw ModelException.NameTaken(name);
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

    /// <summary>Returns the path of the Modelfile in a model's directory. The file may be missing.</summary>
    private string ModelfileOf(string name)
    {
        if (!ModelName.IsModelName(name))
            throw ModelException.DirectoryNotFound(name);
        string directory = Path.Join(catalog.Root, name);
        return Directory.Exists(directory) ? Path.Join(directory, "Modelfile") : throw ModelException.ModelfileMissing(name);
    }

    /// <returns>The name without the tag <c>:latest</c>.</returns>
    private string CheckFree(string destination)
    {
        string plain = ModelName.WithoutLatest(destination);
        if (!ModelName.IsNewName(plain) || !ModelName.IsPlain(plain + ModelExtension))
            throw ModelException.NameInvalid(destination);
        if (Path.Exists(Path.Join(catalog.Root, plain)) || Path.Exists(Path.Join(catalog.Root, plain + ModelExtension)) || catalog.ResolveName(plain) is not null)
            throw ModelException.NameTaken(plain);
        return plain;
    }

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

using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models;

/// <summary>
/// Finds the models in the models directory. A directory that does not exist has no models. Checks the disk on every call, so a new model needs no restart; what was read before is read again only if the
/// file or directory has changed. Never writes. Thread-safe.
/// A model is a subdirectory with an .rkllm file, or with a Modelfile whose FROM names an existing file. An .rkllm file directly in the models directory
/// is a model without a directory (a loose file), unless a subdirectory has its name or a Modelfile's FROM refers to it.
/// A model is broken if its .rkllm file is missing: the file does not exist, is a link without a target, or is not a regular file. Broken models are found by
/// their names, so that a request for one gets the reason, but they are not listed.
/// </summary>
/// <param name="root">The models directory.</param>
/// <param name="time">The clock with which the files get their times; <see langword="null"/> for the clock of the system.</param>
/// <param name="names">Reads names of models at their sources; <see langword="null"/> if clients name models only as they are named on the node.</param>
internal sealed partial class ModelCatalog(string root, TimeProvider? time = null, ISourceNames? names = null)
{
    internal const string ModelExtension = ".rkllm";
    private const string ModelfileName = "Modelfile";

    private readonly FileCache<Modelfile> _modelfiles = new(ModelfileReader.Read, time ?? TimeProvider.System);
    private readonly FileCache<string[]> _modelFileNames = new(FindModelFiles, time ?? TimeProvider.System);
    private readonly FileCache<string> _realPaths = new(RealPath.Resolve, time ?? TimeProvider.System);
    private readonly FileCache<ModelSource?> _sources = new(ModelSource.Read, time ?? TimeProvider.System);

    /// <summary>Full path of the models directory.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>How many Modelfiles and directories of models this instance has opened. For tests.</summary>
    internal long Reads => _modelfiles.Reads + _modelFileNames.Reads;

    /// <summary>
    /// Returns the names of all models that are not broken, in ordinal order. An invalid Modelfile does not affect the other models.
    /// </summary>
    /// <exception cref="ModelException">The models directory cannot be read.</exception>
    public IReadOnlyList<string> List() => [.. Scan().Where(static model => !model.IsBroken).Select(static model => model.Name)];

    /// <summary>Returns the names of all models, also of broken ones and of directories with an invalid Modelfile, in ordinal order.</summary>
    /// <exception cref="ModelException">The models directory cannot be read.</exception>
    public IReadOnlyList<string> ListAll() => [.. Scan().Select(static model => model.Name)];

    /// <summary>Returns the models of <see cref="List"/> with the properties of their files.</summary>
    /// <exception cref="ModelException">The models directory cannot be read.</exception>
    public IReadOnlyList<ModelFileInfo> Describe() =>
        [.. Scan().Where(static model => !model.IsBroken).Select(model => Describe(model.Name, model.ModelPath, model.File, model.Modelfile))];

    /// <summary>Returns the properties of a model's file. A missing file is not an error.</summary>
    public ModelFileInfo Describe(ModelEntry entry) => Describe(entry.Name, entry.ModelPath, FileStatus.Of(entry.ModelPath), entry.Modelfile);

    /// <summary>Finds a model by its exact name and reads its Modelfile. Does not check that the .rkllm file exists.</summary>
    /// <param name="name">A name from <see cref="List"/>, or any text from a client.</param>
    /// <param name="fallbackFrom">Name of the .rkllm file in the model's directory. Used only if the directory has no Modelfile; null for none.</param>
    /// <param name="fallbackHuggingFacePath">Value of HUGGINGFACE_PATH, or null. Used only together with <paramref name="fallbackFrom"/>.</param>
    /// <exception cref="ModelException">
    /// The models directory cannot be read; there is no such model; or its Modelfile is missing, cannot be read, is invalid or has no FROM.
    /// </exception>
    public ModelEntry Find(string name, string? fallbackFrom = null, string? fallbackHuggingFacePath = null)
    {
        if (!ModelName.IsModelName(name))
        {
            throw ModelException.DirectoryNotFound(name);
        }

        string directory = Path.Join(Root, name);
        if (!Directory.Exists(directory))
        {
            return FindLoose(name);
        }

        Modelfile modelfile = ReadModelfile(directory) ?? Fallback(name, fallbackFrom, fallbackHuggingFacePath);
        return modelfile.From is { } from
            ? new ModelEntry(name, directory, Locate(directory, from), modelfile)
            : throw ModelException.FromMissing();
    }

    private ModelEntry FindLoose(string name) => Scan().Find(model => model.Name == name) is { IsLoose: true } found
        ? new ModelEntry(name, null, found.ModelPath, Modelfile.Empty)
        : throw ModelException.DirectoryNotFound(name);

    private static Modelfile Fallback(string name, string? from, string? huggingFacePath) =>
        ModelName.IsPlain(from)
            ? Modelfile.Empty with { From = from, HuggingFacePath = string.IsNullOrEmpty(huggingFacePath) ? null : huggingFacePath }
            : throw ModelException.ModelfileMissing(name);

    /// <summary>Returns the paths of all entries of the models directory whose name is a valid model name.</summary>
    /// <exception cref="ModelException">The models directory cannot be read.</exception>
    private List<string> RootEntries()
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(Root).Where(path => ModelName.IsModelName(Path.GetFileName(path)))];
        }
        catch (DirectoryNotFoundException) when (!Path.Exists(Root))
        {
            // The first pull creates the directory.
            return [];
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw ModelException.ModelsDirectoryUnreadable(Root, ex);
        }
    }

    /// <summary>Returns all models, also broken ones, in ordinal order of their names.</summary>
    /// <exception cref="ModelException">The models directory cannot be read.</exception>
    private List<Found> Scan()
    {
        List<Found> models = [];
        HashSet<string> directories = new(StringComparer.Ordinal);
        List<(string Path, FileStatus? Status)> files = [];
        foreach (string path in RootEntries())
        {
            FileStatus? status = FileStatus.Of(path);
            if (status is { Kind: FileKind.Directory })
            {
                directories.Add(path);
                if (FindInDirectory(path, status.Value) is { } model)
                    models.Add(model);
            }
            else if (path.EndsWith(ModelExtension, StringComparison.Ordinal))
            {
                files.Add((path, status));
            }
        }

        files.RemoveAll(file => directories.Contains(file.Path[..^ModelExtension.Length]) || !ModelName.IsModelName(LooseName(file.Path)));
        if (files.Count > 0)
        {
            HashSet<string> used = [.. models.Where(static model => model.File is not null).Select(model => _realPaths.Read(model.ModelPath, model.File!.Value))];
            models.AddRange(files.Where(file => !used.Contains(file.Status is { } status ? _realPaths.Read(file.Path, status) : file.Path))
                .Select(file => new Found(LooseName(file.Path), file.Path, file.Status, Modelfile.Empty, IsLoose: true)));
        }

        Forget(models, directories);
        models.Sort(static (one, other) => string.CompareOrdinal(one.Name, other.Name));
        return models;
    }

    private static string LooseName(string path) => Path.GetFileName(path)[..^ModelExtension.Length];

    private bool IsModelDirectory(string name)
    {
        if (!ModelName.IsModelName(name))
            return false;
        string path = Path.Join(Root, name);
        return FileStatus.Of(path) is { Kind: FileKind.Directory } status && FindInDirectory(path, status) is not null;
    }

    /// <summary>Returns the model in a directory; null if the directory has neither a Modelfile nor an .rkllm file, or cannot be read.</summary>
    private Found? FindInDirectory(string directory, FileStatus status)
    {
        string name = Path.GetFileName(directory);
        bool hasModelfile;
        Modelfile? modelfile = null;
        try
        {
            modelfile = ReadModelfile(directory);
            hasModelfile = modelfile is not null;
        }
        catch (ModelException)
        {
            hasModelfile = true;
        }

        if (modelfile?.From is { } from)
        {
            string path = Locate(directory, from);
            return new(name, path, FileStatus.Of(path), modelfile, IsLoose: false);
        }

        try
        {
            // Without FROM, the model cannot be described, but any .rkllm file makes the directory a model.
            string[] files = _modelFileNames.Read(directory, status);
            FileStatus? file = files.Select(file => FileStatus.Of(Path.Join(directory, file))).FirstOrDefault(static file => file is { Kind: FileKind.Regular });
            return hasModelfile || files.Length > 0 ? new(name, "", file, null, IsLoose: false) : null;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // The directory has just been removed or cannot be read, so its model could not be loaded either.
            return null;
        }
    }

    private static string[] FindModelFiles(string directory) =>
        [.. Directory.EnumerateFileSystemEntries(directory, "*" + ModelExtension).Select(static path => Path.GetFileName(path)).Where(static name => name.EndsWith(ModelExtension, StringComparison.Ordinal))];

    private ModelFileInfo Describe(string name, string path, FileStatus? file, Modelfile? modelfile)
    {
        if (path.Length == 0)
            return new(name, "", DateTimeOffset.UnixEpoch, 0, null);
        return file is { Kind: FileKind.Regular } status
            ? new(name, _realPaths.Read(path, status), DateTimeOffset.UnixEpoch.AddTicks(status.Modified / TimeSpan.NanosecondsPerTick), status.Size, modelfile)
            : new(name, path, DateTimeOffset.UnixEpoch, 0, modelfile);
    }

    /// <summary>Removes what the caches know about models that no longer exist.</summary>
    private void Forget(List<Found> models, HashSet<string> directories)
    {
        _modelFileNames.KeepOnly(directories.Count, directories.Contains);
        _modelfiles.KeepOnly(directories.Count, path => directories.Contains(Path.GetDirectoryName(path)!));
        _sources.KeepOnly(directories.Count, path => directories.Contains(Path.GetDirectoryName(path)!));
        if (_realPaths.IsLargerThan(models.Count))
        {
            HashSet<string> paths = [.. models.Select(static model => model.ModelPath)];
            _realPaths.KeepOnly(models.Count, paths.Contains);
        }
    }

    private Modelfile? ReadModelfile(string directory)
    {
        string path = Path.Join(directory, ModelfileName);
        if (FileStatus.Of(path) is not { } status || status.Kind == FileKind.Directory)
            return null;
        try
        {
            return _modelfiles.Read(path, status);
        }
        catch (ModelfileException ex)
        {
            throw ModelException.ModelfileInvalid(ex);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw ModelException.ModelfileUnreadable(path, ex);
        }
    }

    /// <summary>
    /// Returns the full path of the file that FROM names. A relative path starts at the model's directory. If the path contains '..', symbolic links before
    /// it are resolved first, as in the kernel.
    /// </summary>
    internal static string Locate(string directory, string from)
    {
        string path = Path.Combine(directory, from);
        return path.Split('/').Contains("..")
            ? Path.Join(RealPath.Resolve(Path.GetDirectoryName(path)!), Path.GetFileName(path))
            : Path.GetFullPath(path);
    }

    /// <summary>A model in the models directory.</summary>
    /// <param name="ModelPath">Full path of the .rkllm file; empty if the model has no valid Modelfile with FROM and is not a loose file.</param>
    /// <param name="File">The status of the .rkllm file; null if it is missing.</param>
    /// <param name="Modelfile">Null if the Modelfile is missing, invalid or has no FROM.</param>
    private sealed record Found(string Name, string ModelPath, FileStatus? File, Modelfile? Modelfile, bool IsLoose)
    {
        public bool IsBroken => File is not { Kind: FileKind.Regular };
    }
}

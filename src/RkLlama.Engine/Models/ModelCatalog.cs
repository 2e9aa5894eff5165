using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Models;

/// <summary>
/// Finds the models in the models directory. Reads the disk on every call, so a new model needs no restart. Never writes.
/// A model is a subdirectory with an .rkllm file, or with a Modelfile whose FROM names an existing file. An .rkllm file directly in the models directory
/// is a model without a directory (a loose file), unless a subdirectory has its name or a Modelfile's FROM refers to it.
/// </summary>
internal sealed class ModelCatalog(string root)
{
    private const string ModelExtension = ".rkllm";
    private const string ModelfileName = "Modelfile";

    /// <summary>Full path of the models directory.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>Returns the names of all models, in ordinal order. An invalid Modelfile does not affect the other models.</summary>
    /// <exception cref="ModelException">The models directory is missing or cannot be read.</exception>
    public IReadOnlyList<string> List()
    {
        List<string> directories = [.. RootEntries().Where(Directory.Exists).Where(HoldsModel)];
        IEnumerable<string> names = directories.Concat(LooseFiles(directories)).Select(NameOf);
        return [.. names.Order(StringComparer.Ordinal)];
    }

    /// <summary>Finds the model that a request names. Ignores case and the tag <c>:latest</c>; an exact match has priority.</summary>
    /// <returns>A name from <see cref="List"/>; <see langword="null"/> if there is no such model or the models directory cannot be read.</returns>
    public string? Resolve(string requested)
    {
        const string Tag = ":latest";
        IReadOnlyList<string> names;
        try
        {
            names = List();
        }
        catch (ModelException)
        {
            return null;
        }

        string bare = requested.EndsWith(Tag, StringComparison.OrdinalIgnoreCase) ? requested[..^Tag.Length] : requested;
        return names.FirstOrDefault(name => name == requested)
            ?? names.FirstOrDefault(name => name == bare)
            ?? names.FirstOrDefault(name => name.Equals(bare, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Finds a model by its exact name and reads its Modelfile. Does not check that the .rkllm file exists.</summary>
    /// <param name="name">A name from <see cref="List"/>, or any text from a client.</param>
    /// <param name="fallbackFrom">Name of the .rkllm file in the model's directory. Used only if the directory has no Modelfile; null for none.</param>
    /// <param name="fallbackHuggingFacePath">Value of HUGGINGFACE_PATH, or null. Used only together with <paramref name="fallbackFrom"/>.</param>
    /// <exception cref="ModelException">
    /// The models directory is missing or cannot be read; there is no such model; or its Modelfile is missing, cannot be read, is invalid or has no FROM.
    /// </exception>
    public ModelEntry Find(string name, string? fallbackFrom = null, string? fallbackHuggingFacePath = null)
    {
        if (!ModelName.IsModelName(name))
        {
            throw ModelException.DirectoryNotFound(name);
        }

        if (!Directory.Exists(Root))
        {
            throw ModelException.ModelsDirectoryMissing(Root);
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

    private ModelEntry FindLoose(string name)
    {
        string path = Path.Join(Root, name + ModelExtension);
        bool isLoose = LooseFiles(RootEntries().Where(Directory.Exists).Where(HoldsModel)).Contains(path, StringComparer.Ordinal);
        return isLoose ? new ModelEntry(name, null, path, Modelfile.Empty) : throw ModelException.DirectoryNotFound(name);
    }

    private static Modelfile Fallback(string name, string? from, string? huggingFacePath) =>
        ModelName.IsPlain(from)
            ? Modelfile.Empty with { From = from, HuggingFacePath = string.IsNullOrEmpty(huggingFacePath) ? null : huggingFacePath }
            : throw ModelException.ModelfileMissing(name);

    /// <summary>Returns the paths of all entries of the models directory whose name is a valid model name.</summary>
    /// <exception cref="ModelException">The models directory is missing or cannot be read.</exception>
    private List<string> RootEntries()
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(Root).Where(path => ModelName.IsModelName(Path.GetFileName(path)))];
        }
        catch (DirectoryNotFoundException)
        {
            throw ModelException.ModelsDirectoryMissing(Root);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw ModelException.ModelsDirectoryMissing(Root, ex);
        }
    }

    /// <summary>
    /// Returns the paths of the loose files: .rkllm files directly in the models directory. Leaves out a file if a directory has the same name without the
    /// extension, or if the Modelfile of one of the given directories refers to the file with FROM. A broken link counts as a file.
    /// </summary>
    private List<string> LooseFiles(IEnumerable<string> modelDirectories)
    {
        List<string> loose =
        [
            .. RootEntries().Where(path => path.EndsWith(ModelExtension, StringComparison.Ordinal)
                && ModelName.IsPlain(NameOf(path))
                && !Directory.Exists(path)
                && !Directory.Exists(path[..^ModelExtension.Length])),
        ];
        if (loose.Count == 0)
        {
            return loose;
        }

        HashSet<string> used = [.. modelDirectories.Select(FromOf).OfType<string>().Select(RealPath.Resolve)];
        loose.RemoveAll(path => used.Contains(RealPath.Resolve(path)));
        return loose;
    }

    private static string NameOf(string path)
    {
        string name = Path.GetFileName(path);
        return !Directory.Exists(path) && name.EndsWith(ModelExtension, StringComparison.Ordinal) ? name[..^ModelExtension.Length] : name;
    }

    private static bool HoldsModel(string directory)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(directory).Any(path => path.EndsWith(ModelExtension, StringComparison.Ordinal))
                || File.Exists(FromOf(directory));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // The directory has just been removed or cannot be read, so its model could not be loaded either.
            return false;
        }
    }

    /// <summary>Returns the full path of the file that FROM names; null if the Modelfile is missing, unreadable or invalid, or has no FROM.</summary>
    private static string? FromOf(string directory)
    {
        try
        {
            return ReadModelfile(directory)?.From is { } from ? Locate(directory, from) : null;
        }
        catch (ModelException)
        {
            return null;
        }
    }

    private static Modelfile? ReadModelfile(string directory)
    {
        string path = Path.Join(directory, ModelfileName);
        try
        {
            return File.Exists(path) ? ModelfileReader.Read(path) : null;
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
    private static string Locate(string directory, string from)
    {
        string path = Path.Combine(directory, from);
        return path.Split('/').Contains("..")
            ? Path.Join(RealPath.Resolve(Path.GetDirectoryName(path)!), Path.GetFileName(path))
            : Path.GetFullPath(path);
    }
}

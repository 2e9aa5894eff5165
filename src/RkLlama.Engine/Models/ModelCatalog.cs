using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Models;

/// <summary>
/// The models directory. Reads the disk on every call, so a new model needs no restart. Never writes.
/// A model is a subdirectory with an .rkllm file, or with a Modelfile whose FROM names an existing file. An .rkllm file directly in the models directory
/// is also a model, if no subdirectory uses it.
/// </summary>
internal sealed class ModelCatalog(string root)
{
    private const string ModelExtension = ".rkllm";
    private const string ModelfileName = "Modelfile";

    /// <summary>Full path of the models directory.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>The names of all models, in ordinal order. An invalid Modelfile hides no other model.</summary>
    /// <exception cref="ModelException">The models directory is missing or cannot be read.</exception>
    public IReadOnlyList<string> List()
    {
        List<string> directories = [.. RootEntries().Where(Directory.Exists).Where(HoldsModel)];
        IEnumerable<string> names = directories.Concat(LooseFiles(directories)).Select(NameOf);
        return [.. names.Order(StringComparer.Ordinal)];
    }

    /// <summary>Finds the model name that a client means. Ignores case and the tag <c>:latest</c>; an exact match has priority.</summary>
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

    /// <summary>Finds the model with a name.</summary>
    /// <param name="name">From <see cref="List"/> or from a client.</param>
    /// <param name="fallbackFrom">If the model's directory has no Modelfile, the file name of the .rkllm file to use.</param>
    /// <param name="fallbackHuggingFacePath">Value for HUGGINGFACE_PATH. Used only together with <paramref name="fallbackFrom"/>.</param>
    /// <exception cref="ModelException">There is no such model, its Modelfile is missing or invalid, or its Modelfile has no FROM.</exception>
    public ModelEntry Find(string name, string? fallbackFrom = null, string? fallbackHuggingFacePath = null)
    {
        if (!ModelName.IsPlain(name))
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

    /// <summary>Paths of all entries of the models directory whose name is a valid model name.</summary>
    private List<string> RootEntries()
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(Root).Where(path => ModelName.IsPlain(Path.GetFileName(path)))];
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
    /// Paths of the loose .rkllm files: those whose name, without the extension, is not a directory and that no model directory's FROM refers to. Includes
    /// broken links.
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
            // The directory was removed meanwhile or cannot be read, so its model could not be loaded either.
            return false;
        }
    }

    /// <summary>Full path of the file in FROM; null if the Modelfile is missing or invalid, or has no FROM.</summary>
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

    /// <summary>Returns the full path of FROM, which may be relative to the model's directory. Resolves links before '..' as the kernel does.</summary>
    private static string Locate(string directory, string from)
    {
        string path = Path.Combine(directory, from);
        return path.Split('/').Contains("..")
            ? Path.Join(RealPath.Resolve(Path.GetDirectoryName(path)!), Path.GetFileName(path))
            : Path.GetFullPath(path);
    }
}

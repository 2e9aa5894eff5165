using System.Text;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models.Store;

/// <summary>Writes into the directories of models: fills that of a new model with the files of another one, and changes Modelfiles. Has no state.</summary>
internal sealed class ModelFiles(IStoreFiles files)
{
    // Files up to this size are copied, so that an edit changes only one of the two models. Larger files become hard links.
    private const int MaxCopiedBytes = 1 << 20;
    private const string ModelExtension = ".rkllm";
    private const string ModelfileName = "Modelfile";

    /// <summary>Fills an empty directory with the files of a model.</summary>
    /// <param name="modelfile">The content of the Modelfile.</param>
    /// <param name="keepsSource">Whether the record of the source (<see cref="ModelSource"/>) is copied.</param>
    internal void Fill(string build, ModelEntry source, byte[] modelfile, bool keepsSource, CancellationToken cancellationToken)
    {
        string model = Path.GetFileName(source.ModelPath);
        files.Link(source.ModelPath, Path.Join(build, model), cancellationToken);
        files.Write(Path.Join(build, ModelfileName), modelfile);
        if (source.Directory is null)
            return;

        FillDirectory(source.Directory, build, name => name != model && name != ModelfileName && (keepsSource || name != ModelSource.FileName), cancellationToken);
        foreach (string directory in ModelfilePaths.PromptDirectoriesOf(source))
        {
            string copy = Path.Join(build, directory);
            using (files.CreateLocked(copy))
            {
                FillDirectory(Path.Join(source.Directory, directory), copy, static _ => true, cancellationToken);
                files.Sync(copy);
            }
        }
    }

    /// <summary>
    /// Copies the regular files of a directory. Large files become hard links. A symbolic link to a file outside of the directory stays a link, except the weights:
    /// as a file, it would be shared with other nodes.
    /// </summary>
    /// <param name="includes">Whether the file with this name is copied.</param>
    private void FillDirectory(string source, string build, Func<string, bool> includes, CancellationToken cancellationToken)
    {
        foreach (string file in Directory.EnumerateFileSystemEntries(source))
        {
            string name = Path.GetFileName(file), copy = Path.Join(build, name);
            if (!includes(name))
                continue;
            if (FileStatus.Of(file) is not { } status)
            {
                // A link without a target is left out. Any other entry without a status was deleted or renamed meanwhile.
                if (new FileInfo(file).LinkTarget is null)
                    throw new SourceChangedException();
                continue;
            }

            if (status.Kind != FileKind.Regular)
                continue;
            if (!name.EndsWith(ModelExtension, StringComparison.Ordinal) && OutsideTargetOf(source, file) is { } target)
                File.CreateSymbolicLink(copy, target);
            else if (status.Size > MaxCopiedBytes || name.EndsWith(ModelExtension, StringComparison.Ordinal))
                files.Link(file, copy, cancellationToken);
            else
                files.Write(copy, ReadSource(file, path => RegularFile.ReadAllBytes(path, MaxCopiedBytes, cancellationToken)));
        }
    }

    /// <summary>Returns the target of a symbolic link to a file outside of its directory; <see langword="null"/> for another file.</summary>
    private static string? OutsideTargetOf(string directory, string file)
    {
        if (new FileInfo(file).LinkTarget is not { } target)
            return null;
        string inside = RealPath.Resolve(Path.GetFullPath(directory)) + "/";
        return RealPath.Resolve(Path.GetFullPath(file)).StartsWith(inside, StringComparison.Ordinal) ? null : target;
    }

    /// <summary>Returns the content of the Modelfile for a copy: that of the model, in which FROM names the .rkllm file in the directory of the copy.</summary>
    internal static byte[] ModelfileOf(ModelEntry source)
    {
        string model = Path.GetFileName(source.ModelPath), path = Path.Join(source.Directory, ModelfileName);
        if (source.Directory is null || !File.Exists(path))
            return Encoding.UTF8.GetBytes($"FROM=\"{model}\"\n");
        string text = ReadSource(path, static path => RegularFile.ReadAllText(path, FileLimits.Modelfile));
        return Encoding.UTF8.GetBytes(ModelfilePaths.Adapt(source, text, model) ?? throw ModelException.FromNotRewritable(path));
    }

    /// <summary>Returns the values of the Modelfile for a copy.</summary>
    internal static Modelfile AdaptedModelfileOf(ModelEntry source) => source.Modelfile with
    {
        From = Path.GetFileName(source.ModelPath),
        Tokenizer = ModelfilePaths.TokenizerOf(source) ?? source.Modelfile.Tokenizer,
    };

    /// <summary>Reads a file of the model that is copied. An error names the file, because the errors of the system do not.</summary>
    private static T ReadSource<T>(string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException && File.Exists(path))
        {
            throw ModelException.SourceUnreadable(path, ex);
        }
    }

    /// <summary>Makes the paths of the Modelfile relative that name files in the model's directory, but contain the name of the directory.</summary>
    internal void MakePathsRelative(ModelCatalog catalog, string name)
    {
        string directory = Path.Join(catalog.Root, name), path = Path.Join(directory, ModelfileName);
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

        string text = RegularFile.ReadAllText(path, FileLimits.Modelfile);
        string adapted = ModelfilePaths.Adapt(entry, text, ModelfilePaths.ModelFileOf(entry)) ?? throw ModelException.FromNotRewritable(path);
        if (adapted == text)
            return;
        Replace(path, Encoding.UTF8.GetBytes(adapted));
    }

    /// <summary>Replaces a Modelfile in one step.</summary>
    internal void Replace(string path, byte[] content)
    {
        string directory = Path.GetDirectoryName(path)!, changed = Path.Join(directory, ".Modelfile.new");
        files.Delete(changed);
        files.Write(changed, content);
        files.Replace(changed, path);
        files.Sync(directory);
    }
}

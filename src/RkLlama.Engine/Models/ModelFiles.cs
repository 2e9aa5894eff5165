namespace RkLlama.Engine.Models;

/// <summary>
/// Copies and deletes models. Changes only the models directory: if an entry in it is a link, the target of the link does not change.
/// </summary>
internal static class ModelFiles
{
    /// <summary>
    /// Creates a directory for a copy of a model: .rkllm files and links become links to the originals, other files are copied, subdirectories are left out.
    /// If the original has no directory, writes a Modelfile. If writing fails, the incomplete directory stays.
    /// </summary>
    /// <param name="name">The model to copy: a name from <see cref="ModelCatalog.List"/>.</param>
    /// <param name="destination">The name of the copy. The tag <c>:latest</c> is removed.</param>
    /// <exception cref="ModelException">
    /// The catalog cannot find the source or read its Modelfile, the new name is invalid or in use, or the models directory cannot be changed.
    /// </exception>
    internal static void Copy(ModelCatalog catalog, string name, string destination)
    {
        const string Tag = ":latest";
        string plain = destination.EndsWith(Tag, StringComparison.OrdinalIgnoreCase) ? destination[..^Tag.Length] : destination;
        if (!ModelName.IsPlain(plain))
            throw ModelException.NameInvalid(destination);
        ModelEntry source = catalog.Find(name);
        string target = Path.Join(catalog.Root, plain);
        if (Path.Exists(target) || catalog.Resolve(plain) is not null)
            throw ModelException.NameTaken(plain);

        Write(() =>
        {
            Directory.CreateDirectory(target);
            string model = Path.GetFileName(source.ModelPath);
            File.CreateSymbolicLink(Path.Join(target, model), source.ModelPath);
            if (source.Directory is null)
            {
                File.WriteAllText(Path.Join(target, "Modelfile"), $"FROM=\"{model}\"\n");
                return;
            }

            foreach (string file in Directory.EnumerateFiles(source.Directory).Where(file => Path.GetFileName(file) != model))
            {
                string copy = Path.Join(target, Path.GetFileName(file));
                if (new FileInfo(file).LinkTarget is not null || file.EndsWith(".rkllm", StringComparison.Ordinal))
                    File.CreateSymbolicLink(copy, file);
                else
                    File.Copy(file, copy);
            }
        });
    }

    /// <summary>
    /// Deletes a model's directory, or its .rkllm file if the model has no directory. If the directory or the file is a link, deletes only the link.
    /// </summary>
    /// <param name="name">A name from <see cref="ModelCatalog.List"/>. It is not checked here.</param>
    /// <exception cref="ModelException">The directory or the file cannot be deleted.</exception>
    internal static void Delete(ModelCatalog catalog, string name) => Write(() =>
    {
        string directory = Path.Join(catalog.Root, name), file = Path.Join(catalog.Root, name + ".rkllm");
        if (new DirectoryInfo(directory) is { Exists: true } found)
        {
            if (found.LinkTarget is not null)
                found.Delete();
            else
                found.Delete(recursive: true);
        }
        else
        {
            File.Delete(file);
        }
    });

    private static void Write(Action action)
    {
        try
        {
            action();
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw ModelException.NotWritable(ex);
        }
    }
}

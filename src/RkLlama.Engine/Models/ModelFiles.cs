namespace RkLlama.Engine.Models;

/// <summary>
/// Copies and deletes models. Changes only files in the models directory. Copies and deletes links themselves and does not change their targets.
/// </summary>
internal static class ModelFiles
{
    /// <summary>Creates a directory for the new model, with links to the model files and copies of the other files of the source's directory.</summary>
    /// <exception cref="ModelException">
    /// The source does not exist, the new name is invalid or in use, or the models directory cannot be changed.
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

    /// <summary>Deletes a model's directory, or its file if it has no directory.</summary>
    /// <exception cref="ModelException">The model cannot be deleted.</exception>
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

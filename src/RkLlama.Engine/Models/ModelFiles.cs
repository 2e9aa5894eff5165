namespace RkLlama.Engine.Models;

/// <summary>Copies and deletes models, inside the models directory and nowhere else. Links are copied and deleted as links: what they lead to is not ours.</summary>
internal static class ModelFiles
{
    /// <summary>Makes a second model of the same files: links to the large one, copies of the small ones.</summary>
    /// <exception cref="ModelException">The source is no model, or the new name cannot be one or is taken.</exception>
    internal static void Copy(ModelCatalog catalog, string name, string destination)
    {
        const string Tag = ":latest";
        string plain = destination.EndsWith(Tag, StringComparison.OrdinalIgnoreCase) ? destination[..^Tag.Length] : destination;
        if (!ModelName.IsPlain(plain))
            throw ModelException.NameNotUsable(destination);
        ModelEntry source = catalog.Find(name);
        string target = Path.Join(catalog.Root, plain);
        if (Path.Exists(target) || catalog.Resolve(plain) is not null)
            throw ModelException.NameTaken(plain);

        Writing(() =>
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

    /// <summary>Removes a model's directory, or its file where it has none.</summary>
    /// <exception cref="ModelException">It may not be removed.</exception>
    internal static void Delete(ModelCatalog catalog, string name) => Writing(() =>
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

    private static void Writing(Action action)
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

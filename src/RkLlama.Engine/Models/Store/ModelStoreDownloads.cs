namespace RkLlama.Engine.Models.Store;

/// <content>Turns complete downloads into models.</content>
internal sealed partial class ModelStore
{
    /// <summary>Opens the directory of an unfinished download, or creates it. Waits while another server uses it.</summary>
    /// <param name="name">The name that the model gets: a valid name.</param>
    /// <param name="completes">Whether the model exists, and the download contains what it lacks.</param>
    /// <exception cref="ModelException">There is such a model already, or the models directory cannot be changed.</exception>
    internal PartialModel OpenPartial(string name, bool completes = false)
    {
        string plain = completes ? name : CheckFree(name), path = Path.Join(catalog.Root, plain + ModelName.PartialSuffix);
        PartialModel? partial = null;
        Change(name, catalog.Root, () => partial = new(plain, path, files.CreateLocked(path)));
        return partial!;
    }

    /// <summary>Deletes the directory of an unfinished download if nothing was downloaded. Call before it is disposed. Throws no errors of the file system.</summary>
    internal void DiscardEmpty(PartialModel partial)
    {
        try
        {
            if (!Directory.EnumerateFiles(partial.Path, "*", SearchOption.AllDirectories).Any(static file => !file.EndsWith(".part.json", StringComparison.Ordinal) && Path.GetFileName(file) != ModelSource.FileName && new FileInfo(file).Length > 0))
                files.Delete(partial.Path);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            Log.NotRemoved(logger, partial.Path, ex.Message);
        }
    }

    /// <summary>Makes a model of a complete download: gives its directory the name of the model.</summary>
    /// <exception cref="ModelException">There is such a model already, or the models directory cannot be changed. The download is kept.</exception>
    internal void Complete(PartialModel partial)
    {
        Change(partial.Name, partial.Path, () =>
        {
            files.Sync(partial.Path);
            if (!files.TryRename(partial.Path, Path.Join(catalog.Root, partial.Name)))
                throw ModelException.NameTaken(partial.Name);
        });
        SyncRoot();
        Added?.Invoke(partial.Name);
    }

    /// <summary>
    /// Moves the files of a complete download into the directory of the model, the .rkllm file last. Files that the model has are not replaced. What was
    /// downloaded in place of them is deleted.
    /// </summary>
    /// <param name="paths">The files of the download, relative to its directory.</param>
    /// <exception cref="ModelException">The models directory cannot be changed. Some files may have been moved, and the others are kept.</exception>
    internal void Merge(PartialModel partial, IEnumerable<string> paths)
    {
        string model = Path.Join(catalog.Root, partial.Name);
        Change(partial.Name, model, () =>
        {
            HashSet<string> directories = new(StringComparer.Ordinal) { model };
            foreach (string path in paths.OrderBy(static path => path.EndsWith(ModelExtension, StringComparison.Ordinal)))
            {
                string source = Path.Join(partial.Path, path), target = Path.Join(model, path), directory = Path.GetDirectoryName(target)!;
                if (!StoreFiles.Exists(source))
                    continue;
                Directory.CreateDirectory(directory);
                files.TryRename(source, target);
                directories.Add(directory);
            }

            foreach (string directory in directories)
                files.Sync(directory);
        });
        Remove(partial.Path);
        Added?.Invoke(partial.Name);
    }

    /// <summary>
    /// Gives a model without a directory one: that of a complete download of its other files. The .rkllm file gets a hard link there, or a copy on a file system
    /// without links; a link gets a link to the same file. Then its old place is removed.
    /// </summary>
    /// <exception cref="ModelException">There is a directory of this name already, or the models directory cannot be changed. The file and the download are kept.</exception>
    internal void CompleteLoose(PartialModel partial)
    {
        string name = partial.Name + ModelExtension, loose = Path.Join(catalog.Root, name), file = Path.Join(partial.Path, name), hidden = HiddenPath("deleted");
        Change(partial.Name, loose, () =>
        {
            // Left by a crash before the rename below.
            files.Delete(file);
            if (new FileInfo(loose).LinkTarget is null)
                files.Link(loose, file, CancellationToken.None);
            else
                File.CreateSymbolicLink(file, RealPath.Resolve(loose));
            files.Sync(partial.Path);
            if (!files.TryRename(partial.Path, Path.Join(catalog.Root, partial.Name)))
                throw ModelException.NameTaken(partial.Name);
            files.TryRename(loose, hidden);
        });
        Remove(hidden);
        SyncRoot();
        Added?.Invoke(partial.Name);
    }
}

using System.Text;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models.Store;

/// <content>Builds the directories of copies. A copy has all files of one state of its source, or there is no copy.</content>
internal sealed partial class ModelStore
{
    // How often a copy starts if its source changes each time.
    private const int MaxBuilds = 3;

    private static byte[] ChangedModelfileOf(ModelEntry source, Func<Modelfile, Modelfile> change)
    {
        byte[] modelfile = Encoding.UTF8.GetBytes(ModelfileWriter.Write(change(ModelFiles.AdaptedModelfileOf(source))));
        return modelfile.Length <= FileLimits.Modelfile ? modelfile : throw ModelException.ModelfileTooLarge(modelfile.Length, FileLimits.Modelfile);
    }

    /// <summary>
    /// Makes a directory with the files of a model under a hidden name, and then gives it its place. Starts again if the model changes meanwhile, so all files
    /// are from one state of the model.
    /// </summary>
    /// <param name="name">The model to copy: a name from the catalog.</param>
    /// <param name="modelfile">Returns the content of the Modelfile.</param>
    /// <param name="keepsSource">Whether the new model has the source of this one.</param>
    /// <param name="place">Renames the directory.</param>
    private void Build(string name, Func<ModelEntry, byte[]> modelfile, bool keepsSource, Action<string> place, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            // The identity is read before the entry that is used, so that the entry is not older.
            (ulong, ulong)? identity = IdentityOf(FindWithFile(name));
            ModelEntry source = FindWithFile(name);
            try
            {
                Change(source.Name, PathOf(source), () => BuildOnce(source, identity, modelfile, keepsSource, place, cancellationToken));
                SyncRoot();
                return;
            }
            catch (ModelException ex) when (ex.InnerException is SourceChangedException && attempt < MaxBuilds)
            {
            }
        }
    }

    /// <exception cref="SourceChangedException">The model is not the one with this identity any more, or one of its files has vanished.</exception>
    private void BuildOnce(ModelEntry source, (ulong, ulong)? identity, Func<ModelEntry, byte[]> modelfile, bool keepsSource, Action<string> place, CancellationToken cancellationToken)
    {
        string build = HiddenPath("new");
        try
        {
            using (files.CreateLocked(build))
            {
                FillChecked(build, source, identity, modelfile, keepsSource, cancellationToken);
                files.Sync(build);
                place(build);
            }
        }
        catch
        {
            Remove(build);
            throw;
        }
    }

    private void FillChecked(string build, ModelEntry source, (ulong, ulong)? identity, Func<ModelEntry, byte[]> modelfile, bool keepsSource, CancellationToken cancellationToken)
    {
        try
        {
            _contents.Fill(build, source, modelfile(source), keepsSource, cancellationToken);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException || IdentityOf(source) != identity)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new SourceChangedException(ex);
        }

        if (IdentityOf(source) != identity)
            throw new SourceChangedException();
    }

    private static string PathOf(ModelEntry model) => model.Directory ?? model.ModelPath;

    /// <summary>Returns what distinguishes a model from another one with the same name: file system and inode of its directory or file.</summary>
    private static (ulong Device, ulong Inode)? IdentityOf(ModelEntry model) => FileStatus.Of(PathOf(model)) is { } status ? (status.Device, status.Inode) : null;

    private ModelEntry FindWithFile(string name)
    {
        ModelEntry source = catalog.Find(name);
        return FileStatus.Of(source.ModelPath) is { Kind: FileKind.Regular } ? source : throw ModelException.ModelFileMissing(source.ModelPath);
    }
}

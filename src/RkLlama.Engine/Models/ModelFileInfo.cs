using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Models;

/// <summary>Properties of a model file that can be read without loading the model.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Path">Full path, with links resolved if the file exists; empty if the model is not found.</param>
/// <param name="Modified">Time of the last write; the Unix epoch if the file is missing.</param>
/// <param name="Size">In bytes; 0 if the file is missing.</param>
/// <param name="Modelfile">Null if it cannot be read.</param>
internal sealed record ModelFileInfo(string Name, string Path, DateTimeOffset Modified, long Size, Modelfile? Modelfile)
{
    internal static ModelFileInfo Read(ModelCatalog catalog, string name)
    {
        ModelEntry entry;
        try
        {
            entry = catalog.Find(name);
        }
        catch (ModelException)
        {
            return new(name, "", DateTimeOffset.UnixEpoch, 0, null);
        }

        FileInfo file = new(RealPath.Resolve(entry.ModelPath));
        return file.Exists
            ? new(name, file.FullName, file.LastWriteTimeUtc, file.Length, entry.Modelfile)
            : new(name, entry.ModelPath, DateTimeOffset.UnixEpoch, 0, entry.Modelfile);
    }
}

namespace RkLlama.Engine.Models;

/// <summary>What can be said of a model without loading it.</summary>
/// <param name="Modified">When its file was last written; the Unix epoch where there is none.</param>
/// <param name="Size">Of its file, in bytes; 0 where there is none.</param>
/// <param name="Modelfile">Null where it cannot be read.</param>
internal sealed record ModelFacts(string Name, string Path, DateTimeOffset Modified, long Size, Modelfile? Modelfile)
{
    internal static ModelFacts Of(ModelCatalog catalog, string name)
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

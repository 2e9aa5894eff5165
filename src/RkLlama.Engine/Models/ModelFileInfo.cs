using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Models;

/// <summary>Properties of a model file that are known without loading the model.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Path">
/// Full path of the .rkllm file, with links resolved if the file exists; empty if <see cref="ModelCatalog.Find"/> fails for the name.
/// </param>
/// <param name="Modified">Time of the last write to the .rkllm file, in UTC; the Unix epoch if the file is missing.</param>
/// <param name="Size">Size of the .rkllm file in bytes; 0 if the file is missing.</param>
/// <param name="Modelfile">The values of the Modelfile; null if <see cref="ModelCatalog.Find"/> fails for the name.</param>
internal sealed record ModelFileInfo(string Name, string Path, DateTimeOffset Modified, long Size, Modelfile? Modelfile)
{
    /// <summary>Reads the properties from the disk. A missing model or file is not an error.</summary>
    internal static ModelFileInfo Read(ModelCatalog catalog, string name)
    {
        try
        {
            return catalog.Describe(catalog.Find(name));
        }
        catch (ModelException)
        {
            return new(name, "", DateTimeOffset.UnixEpoch, 0, null);
        }
    }
}

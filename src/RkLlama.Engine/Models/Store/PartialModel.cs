namespace RkLlama.Engine.Models.Store;

/// <summary>
/// The directory of a model that is being downloaded. It is locked against other servers until it is disposed. After that its files stay for the next download.
/// </summary>
/// <param name="name">The name that the model gets.</param>
/// <param name="path">Full path of the directory.</param>
internal sealed class PartialModel(string name, string path, IDisposable directory) : IDisposable
{
    /// <summary>The name that the model gets.</summary>
    internal string Name => name;

    /// <summary>Full path of the directory.</summary>
    internal string Path => path;

    /// <inheritdoc/>
    public void Dispose() => directory.Dispose();
}

namespace RkLlama.Hub.Hubs;

/// <summary>Where a file comes from.</summary>
internal interface IFileSource
{
    /// <summary>The file.</summary>
    HubFile File { get; }
}

/// <summary>A file on a disk of this machine.</summary>
/// <param name="File">The file; its path is relative to the directory of the model.</param>
/// <param name="FullPath">The full path. It is a regular file.</param>
internal sealed record LocalFile(HubFile File, string FullPath) : IFileSource;

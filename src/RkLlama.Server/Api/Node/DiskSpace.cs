using RkLlama.Engine.Configuration;

namespace RkLlama.Server.Api.Node;

/// <summary>Reads the space on the file system of the models directory, at most every 10 s. Thread-safe.</summary>
internal sealed class DiskSpace(NodeOptions options, TimeProvider time)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();

    // Guarded by _lock.
    private NodeDisk? _last;
    private long _at;

    /// <summary>Returns null if the space is unknown, for example because the directory is missing.</summary>
    internal NodeDisk? Read()
    {
        lock (_lock)
        {
            if (_at == 0 || time.GetElapsedTime(_at) > MaxAge)
                (_last, _at) = (Find(options.ModelsDirectory), Math.Max(1, time.GetTimestamp()));
            return _last;
        }
    }

    private static NodeDisk? Find(string path)
    {
        try
        {
            DriveInfo drive = new(path);
            return new(drive.AvailableFreeSpace, drive.TotalSize);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}

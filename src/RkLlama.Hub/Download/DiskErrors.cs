using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Download;

/// <summary>Errors of the disk in words.</summary>
internal static class DiskErrors
{
    private const int NoSpace = 28, QuotaExceeded = 122;

    /// <summary>Turns an error of the file system into one for the user.</summary>
    /// <param name="exception">An <see cref="IOException"/> or an <see cref="UnauthorizedAccessException"/>.</param>
    /// <param name="path">The file that was to be written.</param>
    internal static HubException Translate(Exception exception, string path)
    {
        bool isFull = exception.HResult is NoSpace or QuotaExceeded || exception.Message.Contains("No space left", StringComparison.Ordinal)
            || exception.Message.Contains("not enough space", StringComparison.OrdinalIgnoreCase);
        return isFull
            ? new(HubError.NoSpace, $"the disk of {Path.GetDirectoryName(path)} is full; what was downloaded is kept, so free some space and try again", exception)
            : new(HubError.NotWritable, $"{path} cannot be written: {exception.Message.TrimEnd('.')}", exception);
    }

    /// <summary>Whether <see cref="Translate"/> has words for an error.</summary>
    internal static bool IsDiskError(Exception exception) => exception is IOException or UnauthorizedAccessException;
}

namespace RkLlama.Prompts.Files;

/// <summary>A file is not a regular file, or is larger than its limit. The message has the path and, for a file that is too large, the limit.</summary>
public sealed class FileRefusedException(string message) : IOException(message)
{
    internal static FileRefusedException TooLarge(string path, long maxBytes) =>
        new($"'{path}' is larger than the limit for this file, {Describe(maxBytes)}.");

    internal static FileRefusedException NotRegular(string path, FileKind kind) => new($"'{path}' is {Describe(kind)}, not a regular file.");

    private static string Describe(long bytes) => bytes >= 1 << 20 ? $"{bytes >> 20} MiB" : $"{bytes >> 10} KiB";

    private static string Describe(FileKind kind) => kind switch
    {
        FileKind.Directory => "a directory",
        FileKind.Pipe => "a named pipe",
        FileKind.Socket => "a socket",
        FileKind.Device => "a device",
        _ => "of an unknown type",
    };
}

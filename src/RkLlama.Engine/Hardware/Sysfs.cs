using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RkLlama.Engine.Hardware;

/// <summary>Reads and writes the kernel's files, usually in <c>/sys</c> and <c>/proc</c>. All paths are absolute paths below the root. Thread-safe.</summary>
/// <param name="root">The directory that contains <c>sys</c> and <c>proc</c>: <c>/</c>, or a copy in tests.</param>
internal sealed class Sysfs(string root)
{
    // A file in sysfs contains at most one page, and the kernel returns it with one read.
    private const int PageBytes = 4096;

    private string Full(string path) => Path.Join(root, path);

    public bool FileExists(string path) => File.Exists(Full(path));

    public bool DirectoryExists(string path) => Directory.Exists(Full(path));

    /// <summary>Reads a file as <see cref="TryRead"/> does, without the reason of a failure.</summary>
    /// <returns><see langword="null"/> if the file is missing or cannot be read.</returns>
    public string? Read(string path) => TryRead(path).Text;

    /// <summary>Reads the first 4096 bytes of a file. Files in sysfs are not longer.</summary>
    /// <returns>The text without line breaks and NULs at its start and end, or the reason of the failure. The other one is null.</returns>
    public (string? Text, ReadFailure? Failure) TryRead(string path)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(Full(path), share: FileShare.ReadWrite);
            Span<byte> page = stackalloc byte[PageBytes];
            int length = RandomAccess.Read(file, page, 0);
            return (Encoding.UTF8.GetString(page[..length]).Trim('\n', '\0'), null);
        }
        catch (UnauthorizedAccessException)
        {
            return (null, ReadFailure.AccessDenied);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return (null, ReadFailure.NotFound);
        }
        catch (IOException)
        {
            // For example, the device is suspended or is being removed.
            return (null, ReadFailure.Unreadable);
        }
    }

    /// <summary>Reads a list of words such as <c>available_governors</c>. Returns an empty array if the file is missing or cannot be read.</summary>
    public string[] ReadWords(string path) => Read(path)?.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>Reads a file that contains one integer.</summary>
    /// <returns><see langword="null"/> if the file is missing, cannot be read, or contains something else.</returns>
    public long? ReadNumber(string path) =>
        long.TryParse(Read(path), System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>Writes an ASCII text to an existing file with one system call, as the kernel requires.</summary>
    /// <exception cref="IOException">The kernel rejects the value, or the file is missing.</exception>
    /// <exception cref="UnauthorizedAccessException">The process has no permission to write the file. Usually only root has.</exception>
    public void Write(string path, string value)
    {
        using FileStream file = new(Full(path), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(Encoding.ASCII.GetBytes(value));

        // Copies of the files in tests are truncated, so that no part of a longer old value stays. Files in sysfs cannot be truncated and need not be.
        if (file.Length > value.Length && !root.Equals("/", StringComparison.Ordinal))
            file.SetLength(value.Length);
    }

    /// <summary>
    /// Returns the names of the files and directories in a directory that start with <paramref name="prefix"/>, in ordinal order. Returns an empty list if
    /// the directory is missing or cannot be read.
    /// </summary>
    public IReadOnlyList<string> ListEntries(string directory, string prefix)
    {
        try
        {
            return DirectoryExists(directory)
                ? [.. Directory.EnumerateFileSystemEntries(Full(directory), prefix + "*").Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)]
                : [];
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

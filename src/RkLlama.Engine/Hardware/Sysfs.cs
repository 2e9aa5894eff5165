using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RkLlama.Engine.Hardware;

/// <summary>The kernel's settings and readings as files.</summary>
/// <param name="root">The folder that has <c>sys</c> and <c>proc</c> in it: <c>/</c>, or a copy in tests.</param>
internal sealed class Sysfs(string root)
{
    // The kernel gives an attribute in one piece of a page at most.
    private const int PageBytes = 4096;

    private string Full(string path) => Path.Join(root, path);

    public bool Exists(string path) => File.Exists(Full(path));

    public bool HasFolder(string path) => Directory.Exists(Full(path));

    /// <returns>The text without the line's end, or <see langword="null"/> when the file is missing or cannot be read.</returns>
    public string? Read(string path) => Look(path).Text;

    /// <summary>Reads a file of one page at most.</summary>
    /// <returns>The text without the line's end; or why there is none.</returns>
    public (string? Text, Absence? Absence) Look(string path)
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
            return (null, Absence.NotAllowed);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return (null, Absence.NotThere);
        }
        catch (IOException)
        {
            // A device that is asleep or going, for instance.
            return (null, Absence.NotReadable);
        }
    }

    /// <summary>The words of a list, such as <c>available_governors</c>; empty when there is none.</summary>
    public string[] Words(string path) => Read(path)?.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>A whole number from a file that has nothing else; <see langword="null"/> when there is none.</summary>
    public long? Number(string path) =>
        long.TryParse(Read(path), System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>Writes one value in one call, as the kernel wants it.</summary>
    /// <exception cref="IOException">The kernel refuses the value, or the file is missing.</exception>
    /// <exception cref="UnauthorizedAccessException">Only root may.</exception>
    public void Write(string path, string value)
    {
        using FileStream file = new(Full(path), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(Encoding.ASCII.GetBytes(value));

        // A file in sysfs has no length to cut; a copy of one in a test has.
        if (file.Length > value.Length && !root.Equals("/", StringComparison.Ordinal))
            file.SetLength(value.Length);
    }

    /// <summary>
    /// Names of the entries of a folder that begin with <paramref name="prefix"/>, in ordinal order; empty when there is no such folder, or it cannot be read.
    /// </summary>
    public IReadOnlyList<string> Entries(string folder, string prefix)
    {
        try
        {
            return HasFolder(folder)
                ? [.. Directory.EnumerateFileSystemEntries(Full(folder), prefix + "*").Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)]
                : [];
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

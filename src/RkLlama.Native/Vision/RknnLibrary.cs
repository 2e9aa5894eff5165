using System.Runtime.InteropServices;
using System.Text;
using RkLlama.Native.Interop;
using RkLlama.Native.Vision.Interop;

namespace RkLlama.Native.Vision;

/// <summary>
/// <c>librknnrt.so</c>, loaded into this process, and its version. It stays loaded until the process ends, because unloading it is not safe.
/// </summary>
public sealed class RknnLibrary
{
    private RknnLibrary(string path, string? version, string? warning) => (Path, Version, Warning) = (path, version, warning);

    public string Path { get; }

    /// <summary>The version, such as <c>2.3.2</c>; <see langword="null"/> if the file has no version marker.</summary>
    public string? Version { get; }

    /// <summary>A warning for the operator; <see langword="null"/> for none.</summary>
    public string? Warning { get; }

    private static ReadOnlySpan<byte> MarkerPrefix => "librknnrt version: "u8;

    /// <summary>Loads the library and determines its version. A process can load one library only: further calls must name the same file.</summary>
    /// <param name="path">The full path of <c>librknnrt.so</c>.</param>
    /// <exception cref="RknnException">The library cannot be loaded, lacks a function, or is too old.</exception>
    public static RknnLibrary Load(string path)
    {
        nint library = Open(path);
        if (Array.Find(Rknn.Exports, name => !NativeLibrary.TryGetExport(library, name, out _)) is { } missing)
            throw new RknnException($"The RKNN runtime {path} has no function {missing}: it is not librknnrt.so, or too old.");

        (string? version, string? warning) = Identify(path);
        if (!LibraryResolver.BindRknn(library))
            throw new RknnException("This process has already loaded another RKNN runtime.");
        return new(path, version, warning);
    }

    /// <summary>Determines the version of a library without loading it.</summary>
    /// <returns>The version, <see langword="null"/> if the file has no version marker; and a warning for the operator, <see langword="null"/> for none. The layouts
    /// are the same in all supported versions, so a file without a marker is usable.</returns>
    /// <exception cref="RknnException">The version is too old, or the file cannot be read.</exception>
    public static (string? Version, string? Warning) Identify(string path)
    {
        try
        {
            return Judge(FindMarker(File.ReadAllBytes(path)));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw new RknnException($"The RKNN runtime cannot be read: {ex.Message}", ex);
        }
    }

    private static nint Open(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception ex) when (ex is DllNotFoundException or BadImageFormatException)
        {
            // The last line of the message is the error of the dynamic linker.
            string reason = ex.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
            throw new RknnException($"The RKNN runtime could not be loaded ({reason}): copy the arm64 library of a Rockchip RKNN release, and check it with 'ldd'.", ex);
        }
    }

    /// <summary>Returns the version in the vendor's marker string, <c>librknnrt version: …</c>; null if there is none.</summary>
    internal static string? FindMarker(ReadOnlySpan<byte> file)
    {
        for (int at; (at = file.IndexOf(MarkerPrefix)) >= 0;)
        {
            file = file[(at + MarkerPrefix.Length)..];
            int end = file[..Math.Min(file.Length, 32)].IndexOfAny(" (\0"u8);
            if (end > 0 && RuntimeVersion.TryParse(Encoding.ASCII.GetString(file[..end]), out RuntimeVersion version))
                return version.ToString();
        }

        return null;
    }

    /// <exception cref="RknnException">The version is too old.</exception>
    internal static (string? Version, string? Warning) Judge(string? marker)
    {
        if (marker is null || !RuntimeVersion.TryParse(marker, out RuntimeVersion version))
            return (null, $"The RKNN runtime has no version marker; it is driven as {RknnAbi.NewestVersion}.");
        if (version.CompareTo(Parse(RknnAbi.OldestVersion)) < 0)
            throw new RknnException($"The RKNN runtime {version} is too old: install {RknnAbi.OldestVersion} or later.");
        return (marker, version.CompareTo(Parse(RknnAbi.NewestVersion)) > 0
            ? $"The RKNN runtime {version} is newer than any version this program knows; it is driven as {RknnAbi.NewestVersion}."
            : null);
    }

    private static RuntimeVersion Parse(string text) => RuntimeVersion.TryParse(text, out RuntimeVersion version) ? version : throw new FormatException(text);
}

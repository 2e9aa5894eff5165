using System.Text;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models;

/// <summary>Where the .rkllm file of a model was pulled from. A pull records it in the model's directory.</summary>
/// <param name="Name">The name of the model at its source: on a hub, on another node, or a path.</param>
internal sealed record ModelSource(string Name)
{
    /// <summary>The name of the file with the record. Copies under another name do not get it, and other nodes cannot download it.</summary>
    internal const string FileName = ".rkllama-source";

    private const int MaxBytes = 16 << 10;
    private const string NameKey = "source=", FileKey = "file=", CommitKey = "commit=";

    /// <summary>The path of the .rkllm file in the repository; <see langword="null"/> if it is not known.</summary>
    public string? File { get; init; }

    /// <summary>The commit of the repository; <see langword="null"/> if the source has none.</summary>
    public string? Commit { get; init; }

    /// <summary>Reads the record of a file.</summary>
    /// <returns><see langword="null"/> if the file is not a record or cannot be read.</returns>
    internal static ModelSource? Read(string path)
    {
        try
        {
            string[] lines = RegularFile.ReadAllText(path, MaxBytes).Split('\n');
            return Value(NameKey) is { } name ? new(name) { File = Value(FileKey), Commit = Value(CommitKey) } : null;

            string? Value(string key) => lines.FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is { } line && line.Length > key.Length ? line[key.Length..] : null;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the record into a directory, and to the disk.</summary>
    internal void Write(string directory)
    {
        using FileStream file = new(Path.Join(directory, FileName), FileMode.Create, FileAccess.Write);
        file.Write(Encoding.UTF8.GetBytes($"{NameKey}{Name}\n{FileKey}{File}\n{CommitKey}{Commit}\n"));
        file.Flush(flushToDisk: true);
    }
}

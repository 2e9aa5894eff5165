
namespace RkLlama.Engine.Tests.Support;

/// <summary>A temporary directory for one test. Deleted on disposal.</summary>
internal sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rkllama-models-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>Writes a file and the directories above it. Returns the full path.</summary>
    public string Write(string relativePath, string content = "")
    {
        string path = At(relativePath);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    public string MakeDirectory(string relativePath) => Directory.CreateDirectory(At(relativePath)).FullName;

    public string Link(string relativePath, string target)
    {
        string path = At(relativePath);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        return File.CreateSymbolicLink(path, target).FullName;
    }

    public string At(string relativePath) => System.IO.Path.Combine(Path, relativePath);
}

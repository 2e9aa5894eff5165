
namespace RkLlama.Engine.Tests.Support;

/// <summary>A directory of its own for one test, removed with everything in it.</summary>
internal sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rkllama-models-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>Writes a file, with the directories above it, and returns its full path.</summary>
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


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

    /// <summary>Makes a named pipe. A plain open for reading blocks, because no process opens it for writing. Returns the full path.</summary>
    public string MakePipe(string relativePath)
    {
        string path = At(relativePath);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        using System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", [path]);
        make.WaitForExit();
        return path;
    }

    public string At(string relativePath) => System.IO.Path.Combine(Path, relativePath);
}

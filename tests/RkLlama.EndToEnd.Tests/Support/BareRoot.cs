using System.Diagnostics;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>
/// A server in a root directory that has its executable, the simulator, models, the kernel's <c>/proc</c> and <c>/dev</c>, and the libraries that the dynamic
/// linker loads for the executable and the simulator. It has no other library and no file of a Linux distribution.
/// </summary>
internal static class BareRoot
{
    // The mounts are visible to the server only, and end with it. $0 is the root directory.
    private const string Enter = "mount --rbind /proc \"$0/proc\" && mount --rbind /dev \"$0/dev\" && exec chroot \"$0\" /opt/rkllama/rkllama \"$@\"";

    /// <summary>Why such a server cannot be started here; null if it can.</summary>
    internal static string? Obstacle { get; } = FindObstacle();

    /// <param name="runtime">A simulator build such as <c>1.2.3</c>.</param>
    /// <param name="models">Models of the repository.</param>
    internal static async Task<Node> StartAsync(string runtime, params string[] models)
    {
        string root = Directory.CreateTempSubdirectory("rkllama-root-").FullName;
        Directory.CreateDirectory(Path.Combine(root, "proc"));
        Directory.CreateDirectory(Path.Combine(root, "dev"));
        foreach (string library in LibrariesOf(TestPaths.Executable).Union(LibrariesOf(TestPaths.Simulator(runtime))))
            Copy(library, root + library);
        Copy(TestPaths.Executable, Path.Combine(root, "opt", "rkllama", "rkllama"));
        Copy(TestPaths.Simulator(runtime), Path.Combine(root, "librkllmrt.so"));
        foreach (string file in models.SelectMany(model => Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "models", model))))
            Copy(file, Path.Combine(root, "RKLLAMA", "models", Path.GetRelativePath(Path.Combine(TestPaths.Root, "models"), file)));

        ProcessStartInfo info = new("env", ["--default-signal=INT,TERM", "unshare", "--mount", "sh", "-c", Enter, root, "--host", "127.0.0.1", "--port", "0"]);
        info.Environment.Clear();
        info.Environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        info.Environment["HOME"] = "/";
        info.Environment["RKLLAMA_LIBRARY"] = "/librkllmrt.so";
        info.Environment["RKLLM_SIMULATOR_SPEED"] = "0";
        return await Node.LaunchAsync(info, root);
    }

    /// <summary>Returns the paths of the libraries, including those that libraries need, and of the dynamic linker.</summary>
    private static IEnumerable<string> LibrariesOf(string file) =>
        Run("ldd", file).Output.Split('\n').Select(static line => line.Split(" => ")[^1].Trim().Split(' ')[0]).Where(static path => path.StartsWith('/'));

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Copy(from, to);
    }

    private static string? FindObstacle()
    {
        try
        {
            (int exitCode, string output) = Run("unshare", "--mount", "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; mount --rbind /proc /proc && exec chroot / true");
            return exitCode == 0 ? null : $"A mount namespace and a chroot, usually of root, are needed: {output.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception ex)
        {
            return ex.Message;
        }
    }

    private static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}

/// <summary>A test that starts a server in a bare root directory. Skipped if this is not possible.</summary>
internal sealed class BareRootFactAttribute : FactAttribute
{
    public BareRootFactAttribute() => Skip = BareRoot.Obstacle;
}

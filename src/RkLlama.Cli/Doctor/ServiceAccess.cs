using System.ComponentModel;
using System.Diagnostics;
using RkLlama.Engine.Diagnostics;
using RkLlama.Prompts.Files;

namespace RkLlama.Cli.Doctor;

/// <summary>A file or a directory that the server must be able to open.</summary>
/// <param name="Path">Full path on this machine.</param>
/// <param name="NeedsWrite">Whether the server must be able to read and write the file. Otherwise reading is enough.</param>
internal sealed record PathAccess(string Path, bool NeedsWrite);

/// <summary>
/// Finds the paths that the service cannot open. File modes, groups and access lists all affect the permission, so this class tries to open each path. If
/// this process runs as root, it starts a child process that runs as the service's user and opens the paths.
/// </summary>
internal static class ServiceAccess
{
    /// <summary>The option with which <c>rkllama doctor</c> is started as the child process. <c>--help</c> does not show it.</summary>
    internal const string Option = "--reach";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    /// <summary>Returns the paths that <see cref="NodeSnapshot.User"/> may not open, and those that the service's sandbox hides.</summary>
    /// <returns>The denied paths. A missing file does not count as denied. If the child process fails, none of its paths counts as denied.</returns>
    internal static IReadOnlyList<PathAccess> FindDenied(NodeSnapshot node, IReadOnlyList<PathAccess> paths)
    {
        List<PathAccess> hidden = [.. paths.Where(path => node.RepresentsService && node.Unit!.Hides(path.Path))];
        PathAccess[] visible = [.. paths.Except(hidden)];
        return [.. hidden, .. node.User != CurrentUser.Name
            ? visible.GroupBy(path => node.Unit!.FindMount(path.Path) ?? "/").SelectMany(group => FindDeniedAs(node.User, group.Key, [.. group]))
            : visible.Where(IsDenied)];
    }

    /// <summary>
    /// Runs in the child process. Reads lines such as <c>r PATH</c> (to read) or <c>w PATH</c> (to read and write) up to an empty line or the end, and writes
    /// the lines with denied paths to the output.
    /// </summary>
    /// <returns>The exit code, always 0.</returns>
    internal static int RunAsUser(TextReader input, TextWriter output)
    {
        while (input.ReadLine() is { Length: > 2 } line)
        {
            if (IsDenied(Parse(line)))
                output.WriteLine(line);
        }

        return 0;
    }

    /// <summary>Starts the child process and returns the paths that it reports as denied.</summary>
    /// <param name="user">The user of the child process.</param>
    /// <param name="directory">
    /// The working directory of the child process. It contains the paths. It is <c>/</c>, or a directory that systemd mounts for the service. The service needs
    /// no permission for the directories above it. The child process needs none either: this process enters the directory as root, and the child process
    /// inherits the working directory.
    /// </param>
    private static IEnumerable<PathAccess> FindDeniedAs(string user, string directory, PathAccess[] paths)
    {
        try
        {
            Directory.SetCurrentDirectory(directory);
            using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["doctor", Option])
            {
                UserName = user,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;

            // All lines fit into the buffers of the pipes, so writing all lines before reading cannot block. If the child dies, no path counts as denied.
            foreach (PathAccess path in paths)
                process.StandardInput.WriteLine(Format(directory, path));
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(Timeout))
            {
                // A path on a network mount that does not respond blocks the child. It may even survive SIGKILL, so its output is not read.
                process.Kill();
                return [];
            }

            string[] denied = output.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return [.. paths.Where(path => denied.Contains(Format(directory, path)))];
        }
        catch (Exception ex) when (ex is Win32Exception or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return [];
        }
    }

    /// <summary>
    /// Returns the line for one path. The path in it starts at the working directory of the child process, <c>/proc/self/cwd</c>, so that the kernel does not
    /// check the permissions of the directories above.
    /// </summary>
    private static string Format(string directory, PathAccess path) => $"{(path.NeedsWrite ? 'w' : 'r')} /proc/self/cwd/{Path.GetRelativePath(directory, path.Path)}";

    private static PathAccess Parse(string line) => new(line[2..], line[0] == 'w');

    private static bool IsDenied(PathAccess path)
    {
        try
        {
            if (Directory.Exists(path.Path))
            {
                _ = Directory.EnumerateFileSystemEntries(path.Path).Any();
                return false;
            }

            // Opening a named pipe would block. The model checks report it.
            if (FileStatus.Of(path.Path) is { Kind: FileKind.Pipe or FileKind.Socket })
                return false;

            using (File.OpenHandle(path.Path, FileMode.Open, path.NeedsWrite ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite))
                return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}

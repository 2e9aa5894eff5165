using System.ComponentModel;
using System.Diagnostics;

namespace RkLlama.Cli.Doctor;

/// <param name="NeedsWrite">Whether the file must also be writable.</param>
internal sealed record PathAccess(string Path, bool NeedsWrite);

/// <summary>
/// Finds the paths that the service's user may not open. Modes, groups and access lists all affect the permission, so this class opens each path. If
/// the current user is root, a child process of the service's user opens the paths.
/// </summary>
internal static class ServiceAccess
{
    /// <summary>The command-line option that starts <c>rkllama doctor</c> as the child process. <c>--help</c> does not show it.</summary>
    internal const string Option = "--reach";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    /// <returns>The paths that are denied. A missing file does not count as denied.</returns>
    internal static IReadOnlyList<PathAccess> FindDenied(NodeSnapshot node, IReadOnlyList<PathAccess> paths)
    {
        List<PathAccess> hidden = [.. paths.Where(path => node.RepresentsService && node.Unit!.Hides(path.Path))];
        PathAccess[] visible = [.. paths.Except(hidden)];
        return [.. hidden, .. node.User != Environment.UserName
            ? visible.GroupBy(path => node.Unit!.FindMount(path.Path) ?? "/").SelectMany(group => FindDeniedAs(node.User, group.Key, [.. group]))
            : visible.Where(IsDenied)];
    }

    /// <summary>Runs in the child process. Reads paths from stdin, one per line, and writes the denied ones to stdout.</summary>
    internal static int RunAsUser(TextReader input, TextWriter output)
    {
        while (input.ReadLine() is { Length: > 2 } line)
        {
            if (IsDenied(Parse(line)))
                output.WriteLine(line);
        }

        return 0;
    }

    /// <param name="directory">
    /// The working directory of the child process. Root can enter a directory that is mounted for the service, even if the service's user cannot
    /// reach it from the root directory.
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

            // All lines fit into the pipes, so writing before reading cannot block. If the child dies, no path counts as denied.
            foreach (PathAccess path in paths)
                process.StandardInput.WriteLine(Format(directory, path));
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(Timeout))
            {
                // A path on a dead network mount blocks the child. It may even survive the signal, so its output counts as empty.
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
    /// Returns the line for one path, relative to the working directory. The kernel resolves <c>/proc/self/cwd</c> without the permissions of the
    /// directories above it.
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

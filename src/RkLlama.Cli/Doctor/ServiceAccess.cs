using System.ComponentModel;
using System.Diagnostics;

namespace RkLlama.Cli.Doctor;

/// <param name="Writes">Whether it has to be writable too.</param>
internal sealed record AccessWish(string Path, bool Writes);

/// <summary>
/// What the service's user may open. Modes, groups and access lists decide that together, so the kernel is asked: by opening, in a process of that user where
/// this one is root's.
/// </summary>
internal static class ServiceAccess
{
    /// <summary>The hidden option of the process that asks.</summary>
    internal const string Option = "--reach";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Of the wishes, those that are refused. What is not there is nobody's refusal.</summary>
    internal static IReadOnlyList<AccessWish> Refused(Patient patient, IReadOnlyList<AccessWish> wishes)
    {
        List<AccessWish> refused = [.. wishes.Where(wish => patient.SpeaksForService && patient.Unit!.Hides(wish.Path))];
        AccessWish[] open = [.. wishes.Except(refused)];
        return [.. refused, .. patient.User != Environment.UserName
            ? open.GroupBy(wish => patient.Unit!.Mount(wish.Path) ?? "/").SelectMany(group => RefusedTo(patient.User, group.Key, [.. group]))
            : open.Where(IsRefused)];
    }

    /// <summary>The other process: wishes on stdin, one a line, and the refused ones back on stdout.</summary>
    internal static int Answer(TextReader input, TextWriter output)
    {
        while (input.ReadLine() is { Length: > 2 } line)
        {
            if (IsRefused(Parse(line)))
                output.WriteLine(line);
        }

        return 0;
    }

    /// <param name="folder">Where the other process begins: root may go into a folder that is mounted for the service, whose way there is closed to its user.</param>
    private static IEnumerable<AccessWish> RefusedTo(string user, string folder, AccessWish[] wishes)
    {
        try
        {
            Directory.SetCurrentDirectory(folder);
            using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["doctor", Option])
            {
                UserName = user,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;

            // Each pipe holds more than this; a process that is gone has refused nothing.
            foreach (AccessWish wish in wishes)
                process.StandardInput.WriteLine(Line(folder, wish));
            process.StandardInput.Close();
            string answer = process.StandardOutput.ReadToEnd();
            if (!process.WaitForExit(Patience))
                process.Kill();
            string[] refused = answer.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return [.. wishes.Where(wish => refused.Contains(Line(folder, wish)))];
        }
        catch (Exception ex) when (ex is Win32Exception or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return [];
        }
    }

    /// <summary>From where the other process begins, by the link of the kernel's that does not go there from the root.</summary>
    private static string Line(string folder, AccessWish wish) => $"{(wish.Writes ? 'w' : 'r')} /proc/self/cwd/{Path.GetRelativePath(folder, wish.Path)}";

    private static AccessWish Parse(string line) => new(line[2..], line[0] == 'w');

    private static bool IsRefused(AccessWish wish)
    {
        try
        {
            if (Directory.Exists(wish.Path))
            {
                _ = Directory.EnumerateFileSystemEntries(wish.Path).Any();
                return false;
            }

            using (File.OpenHandle(wish.Path, FileMode.Open, wish.Writes ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite))
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

using System.ComponentModel;
using System.Diagnostics;

namespace RkLlama.Server.Doctor;

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
        List<AccessWish> refused = [.. wishes.Where(wish => patient.Unit is { } unit && unit.Hides(wish.Path))];
        AccessWish[] open = [.. wishes.Except(refused)];
        bool asOther = patient.Unit is { User: not "root" } && Environment.UserName == "root";
        return [.. refused, .. asOther ? RefusedTo(patient.Unit!.User, open) : open.Where(IsRefused)];
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

    private static AccessWish[] RefusedTo(string user, AccessWish[] wishes)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["doctor", Option])
            {
                UserName = user,
                WorkingDirectory = "/",
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;

            // Each pipe holds more than this; a process that is gone has refused nothing.
            foreach (AccessWish wish in wishes)
                process.StandardInput.WriteLine($"{(wish.Writes ? 'w' : 'r')} {wish.Path}");
            process.StandardInput.Close();
            string answer = process.StandardOutput.ReadToEnd();
            if (!process.WaitForExit(Patience))
                process.Kill();
            return [.. answer.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
        }
        catch (Exception ex) when (ex is Win32Exception or IOException or InvalidOperationException)
        {
            return [];
        }
    }

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

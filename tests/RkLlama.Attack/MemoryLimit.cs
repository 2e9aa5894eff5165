using System.Diagnostics;
using System.Globalization;

namespace RkLlama.Attack;

/// <summary>
/// Limits the memory of one server and its workers with a control group (cgroup). If that is not possible, the runner kills the server when it uses more
/// (<see cref="IsWatched"/>).
/// </summary>
internal sealed class MemoryLimit : IDisposable
{
    private const string OwnGroups = "/proc/self/cgroup";

    private static int s_created;

    private readonly string? _directory;
    private readonly string _eventsFile;

    private MemoryLimit(int mib, string description, string? directory, string eventsFile)
    {
        MiB = mib;
        Description = description;
        _directory = directory;
        _eventsFile = eventsFile;
    }

    internal int MiB { get; }

    /// <summary>Says how the limit is enforced.</summary>
    internal string Description { get; }

    internal bool IsWatched => _directory is null;

    /// <summary>The file that takes the id of a process which enters the group; <see langword="null"/> without a group.</summary>
    internal string? MembersFile => _directory is null ? null : Path.Combine(_directory, "cgroup.procs");

    /// <summary>How often the kernel has killed a process of the group because of the limit.</summary>
    internal int Kills => _directory is null ? 0 : ReadKills(Path.Combine(_directory, _eventsFile));

    /// <summary>Creates a group below the group of this process, so that limits of the caller remain in force.</summary>
    internal static MemoryLimit Create(int mib)
    {
        foreach ((string parent, bool isVersion2) in Parents())
        {
            string directory = Path.Combine(parent, string.Create(CultureInfo.InvariantCulture, $"rkllama-attack-{Environment.ProcessId}-{Interlocked.Increment(ref s_created)}"));
            try
            {
                Directory.CreateDirectory(directory);
                string bytes = ((long)mib << 20).ToString(CultureInfo.InvariantCulture);
                File.WriteAllText(Path.Combine(directory, isVersion2 ? "memory.max" : "memory.limit_in_bytes"), bytes);
                return isVersion2
                    ? new(mib, $"{mib} MiB (cgroup v2)", directory, "memory.events")
                    : new(mib, $"{mib} MiB (cgroup v1)", directory, "memory.oom_control");
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                TryRemove(directory);
            }
        }

        return new(mib, $"{mib} MiB (no cgroup: the runner kills the server above this size)", null, "");
    }

    public void Dispose()
    {
        // The kernel may need a moment after the last process has ended.
        for (int i = 0; _directory is not null && i < 20 && !TryRemove(_directory); i++)
            Thread.Sleep(50);
    }

    /// <summary>The directories in which a group with a memory limit may be created, the most suitable first.</summary>
    private static IEnumerable<(string Directory, bool IsVersion2)> Parents()
    {
        if (!File.Exists(OwnGroups))
            yield break;

        // Lines of /proc/self/cgroup: "0::/path" for version 2, "4:memory:/path" for version 1.
        string[][] groups = [.. File.ReadAllLines(OwnGroups).Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3)];
        foreach (string[] group in groups.Where(group => group[1].Split(',').Contains("memory")))
            yield return ($"/sys/fs/cgroup/memory{group[2]}", false);

        foreach (string[] group in groups.Where(group => group[1].Length == 0))
        {
            // A group of version 2 that has processes cannot have limited children, except for the root. So try the ancestors, too.
            foreach (string root in (string[])["/sys/fs/cgroup", "/sys/fs/cgroup/unified"])
            {
                for (string? path = group[2]; path is not null; path = Path.GetDirectoryName(path))
                {
                    string controllers = Path.Combine(root, path.TrimStart('/'), "cgroup.subtree_control");
                    if (File.Exists(controllers) && File.ReadAllText(controllers).Split().Contains("memory"))
                        yield return (Path.GetDirectoryName(controllers)!, true);
                }
            }
        }
    }

    private static int ReadKills(string file)
    {
        try
        {
            string? line = File.ReadLines(file).FirstOrDefault(line => line.StartsWith("oom_kill ", StringComparison.Ordinal));
            return line is null ? 0 : int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static bool TryRemove(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
            {
                // Only rmdir removes a group: its files cannot be deleted.
                using Process remove = Process.Start(new ProcessStartInfo("rmdir", [directory]) { RedirectStandardError = true })!;
                remove.WaitForExit();
            }

            return !Directory.Exists(directory);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

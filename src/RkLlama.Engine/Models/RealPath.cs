namespace RkLlama.Engine.Models;

/// <summary>
/// The path the kernel ends at. <see cref="Path.GetFullPath(string)"/> takes <c>link/..</c> for the directory of the link, the
/// kernel for the parent of its target; and <see cref="File.ResolveLinkTarget"/> looks at the last name only.
/// </summary>
internal static class RealPath
{
    // As many as the kernel follows before it says ELOOP.
    private const int MaxLinks = 40;

    /// <summary>Follows every symbolic link of an absolute path; names that do not exist are kept as they are.</summary>
    public static string Resolve(string path)
    {
        Stack<string> ahead = new();
        Push(ahead, path);
        string reached = "/";
        int links = 0;
        while (ahead.TryPop(out string? name))
        {
            if (name == "..")
            {
                reached = Path.GetDirectoryName(reached) ?? "/";
                continue;
            }

            string next = Path.Join(reached, name);
            if (links < MaxLinks && new FileInfo(next).LinkTarget is { } target)
            {
                links++;
                reached = Path.IsPathRooted(target) ? "/" : reached;
                Push(ahead, target);
                continue;
            }

            reached = next;
        }

        return reached;
    }

    private static void Push(Stack<string> ahead, string path)
    {
        foreach (string name in path.Split('/').Reverse().Where(name => name is not ("" or ".")))
        {
            ahead.Push(name);
        }
    }
}

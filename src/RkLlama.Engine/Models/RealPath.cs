namespace RkLlama.Engine.Models;

/// <summary>
/// Resolves symbolic links as the kernel does. The methods of .NET differ from that. For <c>link/..</c>, <see cref="Path.GetFullPath(string)"/> returns
/// the directory that contains the link, but the kernel uses the parent of the link's target. <see cref="File.ResolveLinkTarget"/> resolves only the last
/// part of a path.
/// </summary>
internal static class RealPath
{
    // The kernel's limit for one path; with more links, it fails with ELOOP.
    private const int MaxLinks = 40;

    /// <summary>Resolves all symbolic links in an absolute path. Parts that do not exist, and links after the first 40, are not resolved.</summary>
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

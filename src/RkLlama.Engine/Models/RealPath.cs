namespace RkLlama.Engine.Models;

/// <summary>
/// Resolves links as the kernel does. <see cref="Path.GetFullPath(string)"/> takes <c>link/..</c> as the directory of the link, the kernel takes it as
/// the parent of the link's target. <see cref="File.ResolveLinkTarget"/> resolves only the last name of a path.
/// </summary>
internal static class RealPath
{
    // The limit of the kernel: one more link is ELOOP.
    private const int MaxLinks = 40;

    /// <summary>Follows all symbolic links of an absolute path. Names that do not exist stay unchanged.</summary>
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

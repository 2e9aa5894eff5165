namespace RkLlama.Cli.Doctor;

/// <summary>
/// Finds the processes that have a file or socket open, in <c>/proc</c>. Without root permissions, only processes of the same user are visible.
/// </summary>
internal sealed class ProcessTable(NodeSnapshot node)
{
    /// <param name="Name">The first 15 characters of the program name.</param>
    internal sealed record Entry(int Id, string Name)
    {
        /// <summary>Whether the process is a server or worker of RkLlama, judged by its program name.</summary>
        internal bool IsOurs => Name.StartsWith("rkllama", StringComparison.Ordinal);
    }

    /// <summary>Returns the processes that have a matching file open.</summary>
    /// <param name="matches">Tests the target of a link in <c>/proc/PID/fd</c>.</param>
    internal IEnumerable<Entry> FindHolders(Func<string, bool> matches)
    {
        foreach (string name in node.Files.ListEntries("/proc", ""))
        {
            if (int.TryParse(name, System.Globalization.CultureInfo.InvariantCulture, out int id) && OpenFiles($"/proc/{name}/fd").Any(matches))
                yield return new(id, node.Files.Read($"/proc/{name}/comm") ?? "unknown");
        }
    }

    private IEnumerable<string> OpenFiles(string directory)
    {
        foreach (string descriptor in node.Files.ListEntries(directory, ""))
        {
            string? target = null;
            try
            {
                target = new FileInfo(node.PathOf($"{directory}/{descriptor}")).LinkTarget;
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                // The file was closed in the meantime, or permission is missing.
            }

            if (target is not null)
                yield return target;
        }
    }
}

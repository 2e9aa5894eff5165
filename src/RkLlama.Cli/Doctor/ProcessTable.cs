namespace RkLlama.Cli.Doctor;

/// <summary>
/// Finds the processes that have a file or a socket open. Reads <c>/proc</c>, where only root can see the open files of other users' processes.
/// </summary>
internal sealed class ProcessTable(NodeSnapshot node)
{
    /// <summary>A process.</summary>
    /// <param name="Id">The process id.</param>
    /// <param name="Name">The first 15 characters of the program name; <c>unknown</c> if it cannot be read.</param>
    internal sealed record Entry(int Id, string Name)
    {
        /// <summary>Whether the process is a server or a worker of RkLlama: its program name starts with <c>rkllama</c>.</summary>
        internal bool IsOurs => Name.StartsWith("rkllama", StringComparison.Ordinal);
    }

    /// <summary>Returns the processes that have a matching file open.</summary>
    /// <param name="matches">
    /// Whether an open file matches. The argument is the target of a link in <c>/proc/PID/fd</c>, such as <c>/dev/rknpu</c> or <c>socket:[4711]</c>.
    /// </param>
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

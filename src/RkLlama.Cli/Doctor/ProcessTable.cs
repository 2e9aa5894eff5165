namespace RkLlama.Cli.Doctor;

/// <summary>Finds the processes that have a file or socket open, in <c>/proc</c>. Without root permissions only processes of the own user are visible.</summary>
internal sealed class ProcessTable(NodeSnapshot node)
{
    /// <param name="Name">The first 15 characters of the program name.</param>
    internal sealed record Entry(int Id, string Name)
    {
        /// <summary>Whether the process is the server or a worker, by the name of the program.</summary>
        internal bool IsOurs => Name.StartsWith("rkllama", StringComparison.Ordinal);
    }

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
                // Closed in the meantime, or no permission.
            }

            if (target is not null)
                yield return target;
        }
    }
}

namespace RkLlama.Cli.Doctor;

/// <summary>Who has what open, from <c>/proc</c>. Without root's rights only one's own processes can be looked into.</summary>
internal sealed class ProcessTable(Patient patient)
{
    /// <param name="Name">The first 15 characters of its program's.</param>
    internal sealed record Entry(int Id, string Name)
    {
        /// <summary>Whether it is the server or one of its workers, under a name like the package's.</summary>
        internal bool IsOurs => Name.StartsWith("rkllama", StringComparison.Ordinal);
    }

    /// <summary>The processes that have something open whose name in <c>/proc/PID/fd</c> is wanted.</summary>
    internal IEnumerable<Entry> Holders(Func<string, bool> isWanted)
    {
        foreach (string name in patient.Files.Entries("/proc", ""))
        {
            if (int.TryParse(name, System.Globalization.CultureInfo.InvariantCulture, out int id) && Open($"/proc/{name}/fd").Any(isWanted))
                yield return new(id, patient.Files.Read($"/proc/{name}/comm") ?? "unknown");
        }
    }

    private IEnumerable<string> Open(string folder)
    {
        foreach (string descriptor in patient.Files.Entries(folder, ""))
        {
            string? target = null;
            try
            {
                target = new FileInfo(patient.At($"{folder}/{descriptor}")).LinkTarget;
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                // Closed meanwhile, or not ours to see.
            }

            if (target is not null)
                yield return target;
        }
    }
}

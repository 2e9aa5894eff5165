using System.Globalization;

namespace RkLlama.Soak;

/// <summary>The resource usage of a process, from <c>/proc</c>.</summary>
internal sealed record ProcessFigures(int Descriptors, int Threads, double ResidentMiB)
{
    // Thread pool and heap vary in size. Increases within these limits do not count as growth.
    private const int MoreDescriptors = 3;
    private const int MoreThreads = 6;
    private const double MoreResident = 0.25;
    private const double MoreResidentMiB = 8;

    internal static ProcessFigures Of(int process)
    {
        Dictionary<string, string> status = File.ReadAllLines($"/proc/{process}/status")
            .Select(line => line.Split(':', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1].Trim());
        return new(
            Directory.GetFileSystemEntries($"/proc/{process}/fd").Length,
            int.Parse(status["Threads"], CultureInfo.InvariantCulture),
            int.Parse(status["VmRSS"].Split(' ')[0], CultureInfo.InvariantCulture) / 1024.0);
    }

    /// <returns>A description of the resource that has grown; <see langword="null"/> if none has.</returns>
    internal string? GrowthSince(ProcessFigures before) => this switch
    {
        _ when Descriptors > before.Descriptors + MoreDescriptors => $"descriptors grew from {before.Descriptors} to {Descriptors}; {MoreDescriptors} more are allowed",
        _ when Threads > before.Threads + MoreThreads => $"threads grew from {before.Threads} to {Threads}; {MoreThreads} more are allowed",
        _ when ResidentMiB > (before.ResidentMiB * (1 + MoreResident)) + MoreResidentMiB =>
            $"memory grew from {before.ResidentMiB:F0} to {ResidentMiB:F0} MiB; {MoreResident:P0} and {MoreResidentMiB} MiB are allowed",
        _ => null,
    };
}

using System.Globalization;

namespace RkLlama.Soak;

/// <summary>What a process holds, as the kernel counts it.</summary>
internal sealed record ProcessFigures(int Descriptors, int Threads, double ResidentMiB)
{
    // A thread pool and a heap breathe: some threads more, and memory by a part and a fixed amount, are no growth.
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

    /// <returns>What has grown, or <see langword="null"/>.</returns>
    internal string? GrowthSince(ProcessFigures before) => this switch
    {
        _ when Descriptors > before.Descriptors + MoreDescriptors => $"descriptors grew from {before.Descriptors} to {Descriptors}; {MoreDescriptors} more are allowed",
        _ when Threads > before.Threads + MoreThreads => $"threads grew from {before.Threads} to {Threads}; {MoreThreads} more are allowed",
        _ when ResidentMiB > (before.ResidentMiB * (1 + MoreResident)) + MoreResidentMiB =>
            $"memory grew from {before.ResidentMiB:F0} to {ResidentMiB:F0} MiB; {MoreResident:P0} and {MoreResidentMiB} MiB are allowed",
        _ => null,
    };
}

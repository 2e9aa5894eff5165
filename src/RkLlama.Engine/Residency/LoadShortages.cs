using System.Diagnostics;

namespace RkLlama.Engine.Residency;

/// <summary>
/// The models whose last load failed for lack of memory although nothing else could be evicted. Until there is more memory, a request for such a model is refused, so that it
/// does not evict the other models again. Forgets a failure after 10 minutes, because its cause may have been another one. Guarded by the lock of <see cref="ResidentModels"/>.
/// </summary>
internal sealed class LoadShortages
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    // By the path of the model file.
    private readonly Dictionary<string, Shortage> _shortages = [];

    /// <param name="fileBytes">Size of the model file.</param>
    /// <param name="bytes">The memory that was available, with that of all models that could be evicted.</param>
    internal void Add(string path, long fileBytes, long bytes) => _shortages[path] = new(fileBytes, bytes, Stopwatch.GetTimestamp());

    internal void Remove(string path) => _shortages.Remove(path);

    /// <summary>Explains why a load would fail again.</summary>
    /// <param name="bytes">The memory that is available now, with that of all models that can be evicted.</param>
    /// <param name="margin">Less additional memory than this is no reason to try again.</param>
    /// <returns>A sentence with the sizes; null if the load can be tried.</returns>
    internal string? FindProblem(string path, long fileBytes, long bytes, long margin)
    {
        if (!_shortages.TryGetValue(path, out Shortage? last) || last.FileBytes != fileBytes || Stopwatch.GetElapsedTime(last.Time) > Lifetime || bytes >= last.Bytes + margin)
            return null;
        return $"the last load failed for lack of memory although {last.Bytes >> 20} MiB were available, and {bytes >> 20} MiB are available now (model file: {fileBytes >> 20} MiB)";
    }

    private sealed record Shortage(long FileBytes, long Bytes, long Time);
}

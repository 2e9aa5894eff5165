using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Download;

/// <summary>
/// What is on the disk of an unfinished file. The journal is beside the file and is replaced as a whole, so it is never incomplete.
/// </summary>
internal sealed record DownloadJournal
{
    private const int CurrentVersion = 1;
    private const long MaxBytes = 4 << 20;

    /// <summary>The format of the journal.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The path in the repository.</summary>
    public required string Path { get; init; }

    /// <summary>The size of the complete file in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The hash of the content that the hub promises; <see langword="null"/> if it promises none.</summary>
    public string? Digest { get; init; }

    /// <summary>The commit of the repository, for a file without a hash; otherwise <see langword="null"/>.</summary>
    public string? Commit { get; init; }

    /// <summary>The id of the boot of the machine in which <see cref="Written"/> is valid: a loss of power may lose what was not synced.</summary>
    public required string Boot { get; init; }

    /// <summary>Pairs of offsets: the bytes that were written.</summary>
    public required long[] Written { get; init; }

    /// <summary>Pairs of offsets: the bytes that were written and synced to the disk.</summary>
    public required long[] Synced { get; init; }

    /// <summary>The id of the current boot of the machine.</summary>
    internal static string CurrentBoot { get; } = ReadBoot();

    /// <summary>Makes the journal of a file.</summary>
    /// <param name="commit">The commit of its repository.</param>
    internal static DownloadJournal Of(HubFile file, string commit, ByteRanges written, ByteRanges synced) => new()
    {
        Path = file.Path,
        Size = file.Size,
        Digest = file.Hash,
        Commit = commit,
        Boot = CurrentBoot,
        Written = PairsOf(written),
        Synced = PairsOf(synced),
    };

    /// <summary>Whether the journal is about this version of the file.</summary>
    internal bool IsOf(HubFile file, string commit) =>
        Version == CurrentVersion && Path == file.Path && Size == file.Size && Digest == file.Hash && (Digest is not null || Commit == commit);

    /// <summary>Returns the bytes that are certainly on the disk.</summary>
    internal ByteRanges Valid()
    {
        long[] pairs = Boot == CurrentBoot ? Written : Synced;
        ByteRanges ranges = new();
        for (int i = 0; i + 1 < pairs.Length; i += 2)
            ranges.Add(Math.Max(0, pairs[i]), Math.Min(pairs[i + 1], Size));
        return ranges;
    }

    /// <summary>Reads a journal; <see langword="null"/> if there is none, or if it cannot be read.</summary>
    internal static DownloadJournal? TryRead(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: <= MaxBytes }
                ? JsonSerializer.Deserialize(File.ReadAllBytes(path), DownloadJson.Default.DownloadJournal)
                : null;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Replaces the journal.</summary>
    /// <param name="sync">Whether to wait until it is on the disk.</param>
    internal void Write(string path, bool sync)
    {
        string next = path + ".new";
        using (FileStream file = new(next, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, this, DownloadJson.Default.DownloadJournal);
            file.Flush(sync);
        }

        File.Move(next, path, overwrite: true);
    }

    private static long[] PairsOf(ByteRanges ranges) => [.. ranges.Ranges.SelectMany(static range => (long[])[range.From, range.To])];

    private static string ReadBoot()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (IOException)
        {
            // The next download then uses only the bytes that were synced.
            return Guid.NewGuid().ToString();
        }
    }
}

[JsonSerializable(typeof(DownloadJournal))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class DownloadJson : JsonSerializerContext;

namespace RkLlama.Hub.Hubs;

/// <summary>A file of a repository.</summary>
/// <param name="Path">The path in the repository, with <c>/</c> between directories.</param>
/// <param name="Size">The size in bytes; 0 if the hub does not say.</param>
internal sealed record HubFile(string Path, long Size)
{
    private const string EmptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", EmptyGitOid = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

    // More than any disk has. The sum of the sizes of many files does not overflow then.
    private const long MaxSize = 1L << 50;

    /// <summary>The size in bytes, from 0 to 1 PiB; 0 if the hub does not say.</summary>
    public long Size { get; init; } = Math.Clamp(Size, 0, MaxSize);

    /// <summary>The SHA-256 of the content as 64 lower-case hexadecimal digits; <see langword="null"/> for files that the hub does not store by it.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The git object id of the content (SHA-1 of the header "blob SIZE\0" and the content) as 40 lower-case hexadecimal digits; <see langword="null"/> if unknown.</summary>
    public string? GitOid { get; init; }

    /// <summary>The entity tag of the file at a node, with its quotes; <see langword="null"/> for hubs.</summary>
    public string? Tag { get; init; }

    /// <summary>Whether the hash is that of a file without content. A size of 0 can also mean that the hub does not say the size.</summary>
    public bool IsEmpty => Size == 0 && (Sha256 == EmptySha256 || GitOid == EmptyGitOid);

    /// <summary>The hash by which the content is checked: SHA-256 if there is one, otherwise the git object id; <see langword="null"/> if neither is known.</summary>
    public string? Hash => Sha256 ?? GitOid;

    /// <summary>The name without the directories.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>The directory in the repository, without a slash at the end; empty for the root.</summary>
    public string Directory => Path.LastIndexOf('/') is var slash and >= 0 ? Path[..slash] : "";
}

/// <summary>A repository at one commit.</summary>
/// <param name="Name">The repository, <c>owner/name</c>, as the hub spells it.</param>
/// <param name="Commit">The commit. Downloads name it, so that all files belong to the same revision. At ModelScope the revision that was asked for.</param>
/// <param name="Files">The files, in the order of the hub.</param>
internal sealed record HubRepository(string Name, string Commit, IReadOnlyList<HubFile> Files)
{
    /// <summary>The repositories that this model was made from, as the card of the repository names them; the most likely first.</summary>
    public IReadOnlyList<string> BaseModels { get; init; } = [];

    /// <summary>The path of the model's .rkllm file, if the place of the repository names it; otherwise <see langword="null"/>.</summary>
    public string? ModelPath { get; init; }

    /// <summary>Whether the hub gives the files only to accounts that have been granted access.</summary>
    public bool IsGated { get; init; }
}

namespace RkLlama.Hub.Names;

/// <summary>Where a model is on a hub.</summary>
/// <param name="Hub">The hub.</param>
/// <param name="Repository">The repository: <c>owner/name</c>.</param>
internal sealed record ModelReference(HubKind Hub, string Repository)
{
    /// <summary>The revision: a branch, tag or commit. <see langword="null"/> for the default branch of the hub.</summary>
    public string? Revision { get; init; }

    /// <summary>
    /// The path of a .rkllm file or of a directory in the repository. <see langword="null"/> if the file is to be chosen among all files of the repository.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>The tag with which the file is chosen; <see langword="null"/> for none. <c>latest</c> is none.</summary>
    public SelectionTag? Tag { get; init; }

    /// <summary>The name that the model gets on the node, as the reference gives it. <see langword="null"/> if it gives none.</summary>
    public string? LocalName { get; init; }

    /// <summary>Whether <see cref="Path"/> names a .rkllm file, and not a directory.</summary>
    public bool IsFile => Path is not null && ModelReferenceParser.IsModelFile(Path);

    /// <summary>
    /// The name of the model on the node: as the reference gives it, else the name of the file without its extension, else the name of the repository with the tag.
    /// </summary>
    public string DefaultName =>
        LocalName ?? (IsFile ? WithoutExtension(LastSegment(Path!)) : WithoutExtension(LastSegment(Repository)) + TagText);

    /// <summary>Whether both name the same file. Names of repositories ignore case. The default branch is the same with and without its name.</summary>
    /// <param name="recorded">The reference of a model that was pulled.</param>
    /// <param name="file">The path of the file that this pull has brought; <see langword="null"/> if it is not known.</param>
    /// <param name="commit">The commit that this pull has found; <see langword="null"/> if it is not known.</param>
    internal bool IsSame(ModelReference recorded, string? file = null, string? commit = null) =>
        Hub == recorded.Hub && Repository.Equals(recorded.Repository, StringComparison.OrdinalIgnoreCase)
        && (Tag == recorded.Tag || IsFile) && (Path == recorded.Path || (Path is not null && Path == file))
        && (EffectiveRevision == recorded.EffectiveRevision || (Revision is not null && Revision.Equals(commit, StringComparison.OrdinalIgnoreCase)));

    private string EffectiveRevision => Revision ?? (Hub == HubKind.ModelScope ? "master" : "main");

    /// <summary>Returns the reference in the form that <see cref="ModelReferenceParser"/> reads.</summary>
    public override string ToString() =>
        (Hub == HubKind.ModelScope ? "modelscope.cn/" : "") + Repository + TagText + (Path is null ? "" : "/" + Path) + (Revision is null ? "" : "@" + Revision);

    private string TagText => Tag is null ? "" : ":" + Tag.Text;

    private static string LastSegment(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static string WithoutExtension(string name) => ModelReferenceParser.IsModelFile(name) ? name[..^ModelReferenceParser.ModelExtension.Length] : name;
}

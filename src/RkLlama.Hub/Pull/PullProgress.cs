namespace RkLlama.Hub.Pull;

/// <summary>What a pull does.</summary>
internal enum PullStage
{
    /// <summary>The hub is asked for the files.</summary>
    Planning,

    /// <summary>A file is being downloaded.</summary>
    Downloading,

    /// <summary>The hashes of all files have been checked.</summary>
    Verified,

    /// <summary>The model's directory is made.</summary>
    Writing,

    /// <summary>The model is there.</summary>
    Done,
}

/// <summary>A step of a pull. Immutable.</summary>
/// <param name="Stage">What the pull does.</param>
internal sealed record PullProgress(PullStage Stage)
{
    /// <summary>The file that is being downloaded; otherwise <see langword="null"/>.</summary>
    public PlannedFile? File { get; init; }

    /// <summary>The number of bytes of <see cref="File"/> on the disk.</summary>
    public long Completed { get; init; }

    /// <summary>The name of the model, in the steps that say what is pulled and what a model that was there has got; otherwise <see langword="null"/>.</summary>
    public string? Model { get; init; }

    /// <summary>A sentence without a period for the user, for example about a connection that broke; otherwise <see langword="null"/>.</summary>
    public string? Note { get; init; }
}

using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Pull;

/// <summary>A file that a pull brings.</summary>
/// <param name="Source">The file on its hub, on another node or on this machine.</param>
/// <param name="Commit">The commit of its repository, or the revision of the model on the other node.</param>
/// <param name="LocalPath">The path in the model's directory.</param>
internal sealed record PlannedFile(IFileSource Source, string Commit, string LocalPath)
{
    /// <summary>The size in bytes.</summary>
    internal long Size => Source.File.Size;

    /// <summary>The SHA-256 of the content as <c>sha256:</c> and 64 hexadecimal digits; <see langword="null"/> if the source does not say it.</summary>
    internal string? Digest => Source.File.Sha256 is { } sha256 ? "sha256:" + sha256 : null;
}

/// <summary>What a pull brings, and why.</summary>
internal sealed record PullPlan
{
    /// <summary>The name that the model gets on the node.</summary>
    public required string Name { get; init; }

    /// <summary>The .rkllm file; <see langword="null"/> if the node has it.</summary>
    public required PlannedFile? Model { get; init; }

    /// <summary>The repository of the .rkllm file, with the hub if it is not Hugging Face; or the place of another source.</summary>
    public required string Repository { get; init; }

    /// <summary>Tokenizer, chat templates and their settings.</summary>
    public required IReadOnlyList<PlannedFile> PromptFiles { get; init; }

    /// <summary>The repository with the tokenizer, for the Modelfile: <c>owner/name</c>. <see langword="null"/> if none is known.</summary>
    public string? TokenizerRepository { get; init; }

    /// <summary>The text of the Modelfile; <see langword="null"/> for one that names the file and the repository of the tokenizer.</summary>
    public string? Modelfile { get; init; }

    /// <summary>The .rkllm file that a new Modelfile names, relative to the model's directory; <see langword="null"/> if the model needs no new Modelfile.</summary>
    public required string? From { get; init; }

    /// <summary>Why this file: a sentence without a period.</summary>
    public required string Reason { get; init; }

    /// <summary>What the user should know, for example that the tokenizer is missing. Sentences without periods.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>All files, the largest last.</summary>
    internal IEnumerable<PlannedFile> Files => Model is null ? PromptFiles : PromptFiles.Append(Model);
}

/// <summary>What a node does not have of a model.</summary>
internal sealed record PullNeeds
{
    /// <summary>Everything.</summary>
    internal static PullNeeds All { get; } = new();

    /// <summary>Whether the .rkllm file is missing.</summary>
    public bool Weights { get; init; } = true;

    /// <summary>The name of the .rkllm file that the model's Modelfile names; <see langword="null"/> if there is none.</summary>
    public string? FileName { get; init; }
}

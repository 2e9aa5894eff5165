namespace RkLlama.Hub.Names;

/// <summary>An entry of a table of short names: one model file on a hub.</summary>
internal sealed record ShortName
{
    /// <summary>The short name with its tag, for example <c>deepseek-r1:1.5b</c>. Several entries may have the same name, for different platforms.</summary>
    public required string Name { get; init; }

    /// <summary>Other names of the model, for example <c>deepseek-r1</c>.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The repository in a form that <see cref="ModelReferenceParser"/> reads, with the hub if it is not Hugging Face.</summary>
    public required string Repo { get; init; }

    /// <summary>The path of the .rkllm file in the repository; <see langword="null"/> to choose among its files.</summary>
    public string? File { get; init; }

    /// <summary>The revision; <see langword="null"/> for the default branch.</summary>
    public string? Revision { get; init; }

    /// <summary>The repository with the tokenizer and the chat template; <see langword="null"/> if they are beside the file or if the card of the repository names it.</summary>
    public string? Base { get; init; }

    /// <summary>The platform, for example <c>rk3588</c>; <see langword="null"/> if the name of the file or of the repository has it.</summary>
    public string? Platform { get; init; }

    /// <summary>The size of the file in bytes; <see langword="null"/> if unknown.</summary>
    public long? Size { get; init; }

    /// <summary>The SHA-256 of the file as 64 hexadecimal digits; <see langword="null"/> if unknown. If the hub names another one, the download fails.</summary>
    public string? Sha256 { get; init; }

    /// <summary>A note for the person who reads the table: who published the file and when it was seen.</summary>
    public string? Source { get; init; }
}

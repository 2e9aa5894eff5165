namespace RkLlama.Native;

/// <summary>
/// The parameters of a model load. They are fixed while the model is loaded. Exception: from library version 1.3.0 on, <see cref="RunParameters"/>
/// can replace the sampling values and the token limit for one run.
/// </summary>
public sealed record ModelParameters
{
    /// <summary>The full path of the <c>.rkllm</c> file.</summary>
    public required string ModelPath { get; init; }

    /// <summary>The context length in tokens. If it is greater than the context length of the model file, the load fails.</summary>
    public required int MaxContextLength { get; init; }

    /// <summary>The maximum number of new tokens of an answer, at least 1.</summary>
    public required int MaxNewTokens { get; init; }

    public SamplingParameters Sampling { get; init; } = SamplingParameters.Default;

    /// <summary>
    /// The first NPU address space (domain) of the model, 1 to 15: the library's <c>base_domain_id</c>. Models that are loaded at the same time need different
    /// ones; each has about 4 GB. Domain 0 is that of the encoders of vision models. Library versions before 1.2.2 have only one, and ignore this value.
    /// </summary>
    public int NpuDomain { get; init; } = 1;

    /// <summary>
    /// The CPU cores for the work that does not run on the NPU. Bit n stands for core n; 0 means the library's default. Ignored before library
    /// version 1.2.0.
    /// </summary>
    public uint CpuMask { get; init; }

    /// <summary>
    /// Whether the library reads word embeddings from flash storage when it needs them, instead of keeping the table in memory. Ignored before
    /// library version 1.2.0.
    /// </summary>
    public bool EmbedFlash { get; init; } = true;

    /// <summary>
    /// Whether the library removes the text of special tokens from the answer. If true, the end-of-text token arrives as a token with empty text.
    /// </summary>
    public bool SkipSpecialTokens { get; init; } = true;

    /// <summary>The strings around an image in a prompt; <see langword="null"/> if the model sees no images.</summary>
    public ImageTags? ImageTags { get; init; }

    /// <summary>
    /// Returns the <see cref="CpuMask"/> of the big cores. With 8 or more cores, these are cores 4 to 7, as on RK3588 and RK3576. With fewer cores,
    /// these are the last four, or all if there are fewer than four. Returns 0 if the count is not positive.
    /// </summary>
    public static uint BigCores(int processorCount) => processorCount switch
    {
        >= 8 => 0xF0,
        <= 0 => 0,
        _ => ((1u << processorCount) - 1) & ~((1u << Math.Max(0, processorCount - 4)) - 1),
    };
}

/// <summary>What stands in the prompt for an image: a start, one content token for each token of the image, and an end. Each may be empty.</summary>
/// <param name="Content">The text of one token of the model's vocabulary. The library replaces its embedding by those of the image.</param>
public sealed record ImageTags(string Start, string End, string Content);

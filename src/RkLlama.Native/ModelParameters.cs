namespace RkLlama.Native;

/// <summary>
/// The parameters of loading a model. They are fixed while the model is loaded, except that sampling can change per run from 1.3.0 on.
/// </summary>
public sealed record ModelParameters
{
    /// <summary>The full path of the <c>.rkllm</c> file.</summary>
    public required string ModelPath { get; init; }

    /// <summary>The context length in tokens. If it exceeds that of the model file, the load fails.</summary>
    public required int MaxContextLength { get; init; }

    /// <summary>The maximum number of new tokens of an answer, at least 1.</summary>
    public required int MaxNewTokens { get; init; }

    public SamplingParameters Sampling { get; init; } = SamplingParameters.Default;

    /// <summary>The CPU cores for the work that the NPU does not do, as one bit per core; 0 for the library's default. From 1.2.0.</summary>
    public uint CpuMask { get; init; }

    /// <summary>Whether the embedding table stays in flash, which saves memory. From 1.2.0.</summary>
    public bool EmbedFlash { get; init; } = true;

    /// <summary>Whether the text of special tokens is left out of the answer. The end-of-text token then arrives without text.</summary>
    public bool SkipSpecialTokens { get; init; } = true;

    /// <summary>
    /// Returns the mask of the big cores: 4 to 7, as on RK3588 and RK3576. With fewer than 8 cores, returns the last four at most.
    /// </summary>
    public static uint BigCores(int processorCount) => processorCount switch
    {
        >= 8 => 0xF0,
        <= 0 => 0,
        _ => ((1u << processorCount) - 1) & ~((1u << Math.Max(0, processorCount - 4)) - 1),
    };
}

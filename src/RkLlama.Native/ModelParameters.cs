namespace RkLlama.Native;

/// <summary>What a model is loaded with. All of it is fixed until the model is loaded again; sampling can change per run from 1.3.0 on.</summary>
public sealed record ModelParameters
{
    /// <summary>Full path of the <c>.rkllm</c> file.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Context length in tokens; at most what the model was converted for, else the load fails.</summary>
    public required int MaxContextLength { get; init; }

    /// <summary>Upper bound of one answer in tokens, ≥ 1.</summary>
    public required int MaxNewTokens { get; init; }

    public SamplingParameters Sampling { get; init; } = SamplingParameters.Default;

    /// <summary>CPU cores for the part of the work that is not the NPU's, one bit per core; 0 leaves the library's default. From 1.2.0.</summary>
    public uint CpuMask { get; init; }

    /// <summary>Keeps the embedding table in flash, which saves memory. From 1.2.0.</summary>
    public bool EmbedFlash { get; init; } = true;

    /// <summary>Leaves the text of special tokens out of the answer; the end-of-text token then arrives without text.</summary>
    public bool SkipSpecialTokens { get; init; } = true;

    /// <summary>
    /// The big cores of an RK3588 or RK3576 (4 to 7), never more than the machine has: on a smaller machine its last four at most.
    /// </summary>
    public static uint BigCores(int processorCount) => processorCount switch
    {
        >= 8 => 0xF0,
        <= 0 => 0,
        _ => ((1u << processorCount) - 1) & ~((1u << Math.Max(0, processorCount - 4)) - 1),
    };
}

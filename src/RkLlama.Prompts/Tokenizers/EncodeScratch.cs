using RkLlama.Prompts.Tokenizers.Models;
using RkLlama.Prompts.Tokenizers.PreTokenizers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers;

/// <summary>The buffers for encoding a prompt. They are reused for the next prompt. Used by one thread at a time.</summary>
internal sealed class EncodeScratch
{
    private const int MaxReusedCapacity = 256 * 1024;

    public TextBuffer Prompt { get; } = new();

    public TextBuffer Run { get; } = new();

    public TextBuffer Spare { get; } = new();

    public List<AddedSegment> Segments { get; } = [];

    public List<AddedSegment> NormalizedSegments { get; } = [];

    public PreTokenization PreTokenization { get; } = new();

    public BpeScratch Bpe { get; } = new();

    /// <summary>Whether the buffers are small enough to be kept for the next prompt. If not, the caller must release them.</summary>
    public bool IsSmallEnoughToReuse =>
        Math.Max(Math.Max(Prompt.Capacity, Run.Capacity), Math.Max(Spare.Capacity, PreTokenization.Capacity)) <= MaxReusedCapacity
        && Math.Max(Bpe.Capacity, Math.Max(Segments.Capacity, NormalizedSegments.Capacity)) <= MaxReusedCapacity;
}

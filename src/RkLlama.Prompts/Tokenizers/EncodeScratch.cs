using RkLlama.Prompts.Tokenizers.Models;
using RkLlama.Prompts.Tokenizers.PreTokenizers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers;

/// <summary>All memory that encoding one prompt needs besides the ids; reused from prompt to prompt, one prompt at a time.</summary>
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

    /// <summary>Whether this is small enough to keep: one huge prompt must not hold its memory for ever.</summary>
    public bool IsSmallEnoughToReuse =>
        Math.Max(Math.Max(Prompt.Capacity, Run.Capacity), Math.Max(Spare.Capacity, PreTokenization.Capacity)) <= MaxReusedCapacity
        && Math.Max(Bpe.Capacity, Math.Max(Segments.Capacity, NormalizedSegments.Capacity)) <= MaxReusedCapacity;
}

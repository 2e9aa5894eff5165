namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// The rule of tiktoken files: two neighbours join when their bytes together are a token, and the lower token joins first. The ids are the
/// ranks, and special tokens stand outside of them, so there is nothing to guard.
/// </summary>
internal sealed class TiktokenMergeRules(Vocabulary vocabulary) : MergeRules
{
    private const int MaxStackBytes = 512;

    public override long Find(int left, int right, bool guard)
    {
        ReadOnlySpan<byte> first = vocabulary.TokenText(left);
        ReadOnlySpan<byte> second = vocabulary.TokenText(right);
        int length = first.Length + second.Length;
        if (length > vocabulary.MaxLength)
            return None;
        Span<byte> joined = length <= MaxStackBytes ? stackalloc byte[MaxStackBytes] : new byte[length];
        first.CopyTo(joined);
        second.CopyTo(joined[first.Length..]);
        int id = vocabulary.Find(joined[..length]);
        return id < 0 ? None : (long)id << 32 | (uint)id;
    }
}

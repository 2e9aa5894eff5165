namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// The merge rule of tiktoken files: two adjacent symbols merge if their bytes together are a token. The rank of the merge is the id of this token. Special
/// tokens are not in the file, so no merge results in one.
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

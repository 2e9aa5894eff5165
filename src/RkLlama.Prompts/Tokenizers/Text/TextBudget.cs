namespace RkLlama.Prompts.Tokenizers.Text;

/// <summary>
/// Limits how much longer the normalizers of a tokenizer may make a text. The normalizers come from a download, and a few of them can turn one character into
/// gigabytes. Real normalizers add at most a few characters for each one. One budget serves one prompt. Used by one thread.
/// </summary>
/// <param name="tokenizer">The name of the tokenizer file, for the message.</param>
/// <param name="length">Length of the prompt before normalization, in UTF-16 units.</param>
internal sealed class TextBudget(string tokenizer, long length)
{
    // The growth that is allowed for each UTF-16 unit of the prompt, and for the whole prompt in addition.
    private const int Factor = 16;
    private const int Base = 64 * 1024;

    private readonly long _allowed = (length * Factor) + Base;
    private long _grown;

    /// <summary>Returns the maximum length of the result of one normalizer, in UTF-16 units.</summary>
    /// <param name="before">Length of the text before this normalizer.</param>
    public long LimitFor(int before) => before + _allowed - _grown;

    /// <summary>Records the growth of the text by one normalizer.</summary>
    public void Spend(int before, int after) => _grown += Math.Max(0, after - before);

    /// <exception cref="TokenizerException">Always.</exception>
    public void ThrowExceeded() => throw new TokenizerException(
        $"the normalizer of the tokenizer {tokenizer} makes a text of {length} characters more than {_allowed} characters longer");
}

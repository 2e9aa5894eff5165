using System.Text;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Normalizers;

/// <summary>Puts a prefix before every text that is not empty. The prefix is request text if the first character of the text is.</summary>
internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override bool TryNormalize(TextBuffer source, TextBuffer target)
    {
        if (source.Length == 0)
            return false;
        target.Append(prefix, source.IsFromRequest(0));
        target.Append(source, 0, source.Length);
        return true;
    }
}

/// <summary>Removes white space at the start of the text, at its end, or both.</summary>
internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override bool TryNormalize(TextBuffer source, TextBuffer target)
    {
        int start = 0;
        int end = source.Length;
        while (left && start < end && char.IsWhiteSpace(source.Text[start]))
            start++;
        while (right && end > start && char.IsWhiteSpace(source.Text[end - 1]))
            end--;
        if (end - start == source.Length)
            return false;
        target.Append(source, start, end);
        return true;
    }
}

/// <summary>
/// Converts each code point to lower case, as Rust's <c>char::to_lowercase</c> does. The neighbouring characters have no effect: there is no special rule for a
/// sigma at the end of a word.
/// </summary>
internal sealed class LowercaseNormalizer : Normalizer
{
    private const int CapitalIWithDot = 0x130; // the only code point whose lower case has two code points

    public override bool TryNormalize(TextBuffer source, TextBuffer target)
    {
        ReadOnlySpan<char> text = source.Text;
        for (int i = 0; i < text.Length;)
        {
            int codePoint = CodePoints.At(text, i, out int length);
            bool fromRequest = source.IsFromRequest(i);
            if (codePoint == CapitalIWithDot)
                target.Append("i\u0307", fromRequest);
            else if (Rune.TryCreate(codePoint, out Rune rune))
                target.AppendCodePoint(Rune.ToLowerInvariant(rune).Value, fromRequest);
            i += length;
        }
        return true;
    }
}

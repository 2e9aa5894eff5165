using System.Text;
using RkLlama.Prompts.Tokenizers.Patterns;

namespace RkLlama.Prompts.Tokenizers.Decoders;

/// <summary>Replaces the matches of a pattern in every token.</summary>
internal sealed class ReplaceDecoder(TextPattern pattern, string content) : TokenDecoder
{
    public override void Decode(List<string> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
            tokens[i] = Replace(tokens[i]);
    }

    public override bool TryGetBytes(ref string token, List<byte> bytes)
    {
        token = Replace(token);
        return false;
    }

    private string Replace(string token)
    {
        var matches = new List<TextMatch>();
        pattern.FindAll(token, matches);
        var text = new StringBuilder(token.Length);
        foreach (TextMatch match in matches)
            text.Append(match.IsMatch ? content : token.AsSpan(match.Start, match.End - match.Start));
        return text.ToString();
    }
}

/// <summary>Removes up to <c>start</c> and <c>stop</c> occurrences of one character from the two ends of every token.</summary>
internal sealed class StripDecoder(char content, int start, int stop) : TokenDecoder
{
    public override void Decode(List<string> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
            tokens[i] = Strip(tokens[i]);
    }

    private string Strip(string token)
    {
        int first = 0;
        int end = token.Length;
        while (first < start && first < end && token[first] == content)
            first++;
        for (int left = stop; left > 0 && end > first && token[end - 1] == content; left--)
            end--;
        return token[first..end];
    }
}

/// <summary>Replaces the space mark by a space. In the first token the mark is removed, if the tokenizer prepends one to the text.</summary>
internal sealed class MetaspaceDecoder(char replacement, bool prepended) : TokenDecoder
{
    public override void Decode(List<string> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            tokens[i] = i == 0 && prepended
                ? tokens[i].Replace(replacement.ToString(), "", StringComparison.Ordinal)
                : tokens[i].Replace(replacement, ' ');
        }
    }

    public override bool TryGetBytes(ref string token, List<byte> bytes)
    {
        token = token.Replace(replacement, ' ');
        return false;
    }
}

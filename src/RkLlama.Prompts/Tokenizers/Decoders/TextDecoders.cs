using System.Text;
using RkLlama.Prompts.Tokenizers.Patterns;

namespace RkLlama.Prompts.Tokenizers.Decoders;

/// <summary>Replaces the matches of a pattern in each token.</summary>
internal sealed class ReplaceDecoder(TextPattern pattern, string content) : TokenDecoder
{
    /// <summary>Whether this step replaces the space mark by a space, and nothing else.</summary>
    public bool ReplacesSpaceMark => pattern is LiteralPattern { Literal: SpaceMark.Text } && content == " ";

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

/// <summary>
/// Removes a character from the start of each token, at most <paramref name="start"/> times, and from its end, at most <paramref name="stop"/> times.
/// </summary>
/// <param name="content">The character.</param>
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

/// <summary>Replaces space marks by spaces. If the tokenizer puts a space mark before a text, removes the marks of the first token instead.</summary>
/// <param name="replacement">The space mark; usually ▁ (U+2581).</param>
/// <param name="prepended">Whether the tokenizer puts a space mark before a text.</param>
internal sealed class MetaspaceDecoder(char replacement, bool prepended) : TokenDecoder
{
    /// <summary>Whether the space mark is the usual one.</summary>
    public bool ReplacesSpaceMark => replacement == SpaceMark.Text[0];

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

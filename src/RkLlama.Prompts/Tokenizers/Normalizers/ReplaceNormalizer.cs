using RkLlama.Prompts.Tokenizers.Patterns;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Normalizers;

/// <summary>Replaces the matches of a pattern. If a match contains request text, the replacement is request text.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : Normalizer
{
    public override bool TryNormalize(TextBuffer source, TextBuffer target)
    {
        var matches = new List<TextMatch>();
        pattern.FindAll(source.Text, matches);
        if (!matches.Exists(match => match.IsMatch))
            return false;
        foreach (TextMatch match in matches)
        {
            if (match.IsMatch)
                target.Append(content, FromRequest(source, match));
            else
                target.Append(source, match.Start, match.End);
        }
        return true;
    }

    private static bool FromRequest(TextBuffer source, TextMatch match) =>
        source.TracksOrigin && source.FromRequest[match.Start..match.End].Contains(true);
}

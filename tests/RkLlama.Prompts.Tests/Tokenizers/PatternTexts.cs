using System.Text;
using RkLlama.Prompts.Tokenizers.Patterns;

namespace RkLlama.Prompts.Tests.Tokenizers;

/// <summary>Texts for tests of patterns, and the matches of a pattern in a text.</summary>
internal static class PatternTexts
{
    internal static readonly string[] Alphabet =
    [
        "a", "B", "é", "ſ", "K", "'", "s", "S", "l", "L", "re", "1", "23", "½", " ", "  ", "\t", "\n", "\r\n", "\u00A0", "\u0085", "\u2028",
        ".", "!", "/", "_", "中", "ก้", "\u0301", "ǅ", "$", "\u200B", "\u001C",
    ];

    internal static string[] Matches(TextPattern pattern, string text)
    {
        var matches = new List<TextMatch>();
        pattern.FindAll(text, matches);
        string.Concat(matches.Select(match => text[match.Start..match.End])).Should().Be(text);
        return [.. matches.Where(match => match.IsMatch).Select(match => text[match.Start..match.End])];
    }

    internal static IEnumerable<string> RandomTexts(string[] atoms)
    {
        var random = new Random(20251123);
        for (int i = 0; i < 3000; i++)
            yield return string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => atoms[random.Next(atoms.Length)]));
    }

    internal static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (char unit in text)
            escaped.Append(unit is > ' ' and < '\u007F' ? unit.ToString() : $"\\u{(int)unit:X4}");
        return escaped.ToString();
    }
}

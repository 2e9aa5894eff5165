using System.Globalization;

namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>The two-letter and one-letter names of general categories inside <c>\p{…}</c>. Scripts and other properties are refused.</summary>
internal static class CategoryNames
{
    // In the order of System.Globalization.UnicodeCategory.
    private static readonly string[] Names =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    /// <summary>The code points of a category, or null for a name that is not one.</summary>
    public static CharacterSet? Find(string name)
    {
        IEnumerable<UnicodeCategory> members = Enumerable.Range(0, Names.Length)
            .Where(i => Names[i] == name || (name.Length == 1 && Names[i][0] == name[0]))
            .Select(i => (UnicodeCategory)i);
        UnicodeCategory[] found = [.. members];
        return found.Length == 0 ? null : CharacterSet.OfCategories(found);
    }
}

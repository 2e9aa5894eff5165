using System.Globalization;

namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// The names that <c>\p{…}</c> can contain: Unicode general categories, such as <c>Lu</c>, or groups of them, such as <c>L</c>. Scripts and other properties
/// are not supported.
/// </summary>
internal static class CategoryNames
{
    // In the order of System.Globalization.UnicodeCategory.
    private static readonly string[] Names =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    /// <summary>Returns the code points of a category or a group of categories; null if there is none with this name.</summary>
    public static CharacterSet? Find(string name)
    {
        IEnumerable<UnicodeCategory> members = Enumerable.Range(0, Names.Length)
            .Where(i => Names[i] == name || (name.Length == 1 && Names[i][0] == name[0]))
            .Select(i => (UnicodeCategory)i);
        UnicodeCategory[] found = [.. members];
        return found.Length == 0 ? null : CharacterSet.OfCategories(found);
    }
}

using System.Globalization;

namespace RkLlama.Output.Patterns;

/// <summary>The names of the Unicode categories in <c>\p{…}</c>.</summary>
internal static class UnicodeCategories
{
    // The short names, in the order of UnicodeCategory.
    private static readonly string[] Names =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk",
        "So", "Cn",
    ];

    private static readonly string[] Groups = ["Letter", "Mark", "Number", "Punctuation", "Symbol"];

    /// <summary>Returns the categories of a name, one bit each; null if the name is not known.</summary>
    internal static uint? Find(string name)
    {
        // ECMAScript also has \p{General_Category=Lu}.
        string value = name[(name.IndexOf('=') + 1)..];
        if (value.Length != name.Length && name[..^(value.Length + 1)] is not ("General_Category" or "gc"))
            return null;
        if (Groups.Contains(value))
            value = value[..1];
        value = value switch
        {
            "Separator" => "Z",
            "Other" => "C",
            _ => value,
        };

        uint mask = 0;
        for (int i = 0; i < Names.Length; i++)
        {
            // A name of one letter is the group of all categories that start with it.
            if (value.Length is 1 or 2 && Names[i].StartsWith(value, StringComparison.Ordinal))
                mask |= CharacterSet.Mask((UnicodeCategory)i);
        }

        return mask != 0 ? mask : Long(value);
    }

    /// <summary>Finds the long name of a category, such as <c>Uppercase_Letter</c>.</summary>
    private static uint? Long(string name) => name.Replace("_", "", StringComparison.Ordinal) switch
    {
        "UppercaseLetter" or "Uppercase" => CharacterSet.Mask(UnicodeCategory.UppercaseLetter),
        "LowercaseLetter" or "Lowercase" => CharacterSet.Mask(UnicodeCategory.LowercaseLetter),
        "DecimalNumber" or "digit" => CharacterSet.Digits,
        "Alphabetic" => CharacterSet.Letters | CharacterSet.Mask(UnicodeCategory.LetterNumber),
        "Any" => CharacterSet.AllCategories,
        _ => null,
    };
}

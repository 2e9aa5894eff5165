using System.Text;

namespace RkLlama.Output.Constraints;

/// <summary>Compares what a model wrote with the values that a schema lists.</summary>
internal static class EnumText
{
    // The cost of a comparison grows with the square of the length.
    private const int MaxLength = 64;
    private const int MaxTexts = 500;

    /// <summary>Returns the listed value that is closest to a text. The text may be cut: then its end does not count.</summary>
    /// <param name="texts">The values as JSON. At least one.</param>
    internal static string Nearest(string written, IEnumerable<string> texts)
    {
        string[] all = [.. texts];
        string quoted = $"\"{written}\"", simple = Simplify(written);
        return all.FirstOrDefault(text => text == quoted || text == written)
            ?? all.FirstOrDefault(text => text.Equals(quoted, StringComparison.OrdinalIgnoreCase))
            ?? (simple.Length > 0 ? all.FirstOrDefault(text => Simplify(text) == simple) : null)
            ?? all.Take(MaxTexts).MinBy(text => DistanceTo(simple, Simplify(text)))!;
    }

    /// <summary>Returns the letters and digits of a text in lower case.</summary>
    internal static string Simplify(string text)
    {
        StringBuilder simple = new();
        foreach (char c in text)
        {
            if (char.IsLetterOrDigit(c))
                simple.Append(char.ToLowerInvariant(c));
        }

        return simple.ToString();
    }

    private static int DistanceTo(string written, string value)
    {
        if (value.Length > 2 && written.Contains(value, StringComparison.Ordinal))
            return -1;
        if (written.Length > 0 && value.StartsWith(written, StringComparison.Ordinal))
            return 0;
        return Edits(written[..Math.Min(written.Length, MaxLength)], value[..Math.Min(value.Length, MaxLength)]);
    }

    /// <summary>Returns the number of characters to insert, delete or replace.</summary>
    private static int Edits(string one, string other)
    {
        int[] row = [.. Enumerable.Range(0, other.Length + 1)];
        for (int i = 1; i <= one.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= other.Length; j++)
            {
                int replaced = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}

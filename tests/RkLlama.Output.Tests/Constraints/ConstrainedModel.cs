using RkLlama.Output.Constraints;

namespace RkLlama.Output.Tests.Constraints;

/// <summary>A model whose output is held to a constraint: it writes its tokens, and goes on with the next one after each correction.</summary>
internal sealed class ConstrainedModel(ValueNode node)
{
    private const int MaxCorrections = 200;

    /// <summary>The text that was released, in the parts in which it was.</summary>
    internal List<string> Parts { get; } = [];

    internal int Corrections { get; private set; }

    /// <summary>Writes the tokens and returns the document; null if it could not be corrected.</summary>
    internal string? Write(IEnumerable<string> tokens)
    {
        ConstrainedText text = new(node);
        Queue<string> left = new(tokens);
        while (!text.IsOver)
        {
            bool hasEnded = left.Count == 0;
            if (!hasEnded)
                text.Add(left.Dequeue());
            else if (text.IsComplete)
                break;
            if (hasEnded || (text.IsViolated && !text.WaitsForMore))
            {
                Corrections++;
                if (Corrections > MaxCorrections || text.Correct(hasEnded) is not var (length, forced))
                    return null;
                text.CutTo(length);
                text.Add(forced);
                text.IsViolated.Should().BeFalse($"'{forced}' must be allowed after '{text.Text}'");
            }

            if (text.Release() is { Length: > 0 } part)
                Parts.Add(part);
        }

        text.Finish();
        Parts.Add(text.Release());
        return string.Concat(Parts);
    }

    internal static IEnumerable<string> Cut(string text, Random random)
    {
        for (int at = 0; at < text.Length;)
        {
            // A token has whole characters, because the decoder waits for the rest of a character.
            int length = Math.Min(text.Length - at, random.Next(1, 7));
            length += char.IsHighSurrogate(text[at + length - 1]) ? 1 : 0;
            yield return text.Substring(at, length);
            at += length;
        }
    }
}

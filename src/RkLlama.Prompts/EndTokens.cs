using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts;

/// <summary>The tokens that end an answer of a model.</summary>
/// <param name="Ids">The ids of the tokens in the model's tokenizer. Empty if there is no tokenizer.</param>
/// <param name="Texts">The texts of the tokens, such as <c>&lt;|im_end|&gt;</c>; each has at least 3 characters, and no white space.</param>
public sealed record EndTokens(IReadOnlySet<int> Ids, IReadOnlyList<string> Texts)
{
    public static EndTokens None { get; } = new(new HashSet<int>(), []);

    /// <summary>
    /// Adds the stop sequences of a request that are control tokens. Control tokens are not content, so these stop sequences would not be found in the content.
    /// </summary>
    /// <param name="tokenizer">The tokenizer of the model; null if there is none.</param>
    public EndTokens WithStopSequences(IReadOnlyList<string> sequences, Tokenizer? tokenizer)
    {
        HashSet<int> ids = [];
        foreach (string sequence in sequences)
        {
            if (tokenizer?.TokenId(sequence) is { } id && tokenizer.FindAddedToken(id) is { Special: true })
                ids.Add(id);
        }

        return ids.IsSubsetOf(Ids) ? this : this with { Ids = ids.Union(Ids).ToHashSet() };
    }
}

namespace RkLlama.Prompts;

/// <summary>
/// The prompt with which a reranking model judges a pair of a query and a document. A text in which <c>{instruction}</c>, <c>{query}</c> and <c>{document}</c> are
/// replaced. The rest is template text, and can have control tokens.
/// </summary>
public sealed class PairTemplate
{
    private const string Instruction = "{instruction}", Query = "{query}", Document = "{document}";
    private readonly string _beforeDocument;
    private readonly string _afterDocument;

    /// <param name="source">The text with the three placeholders. Only the first <c>{document}</c> is replaced; the others may occur several times, or not at all.</param>
    /// <exception cref="PromptException">The text has no <c>{document}</c>.</exception>
    public PairTemplate(string source)
    {
        int document = source.IndexOf(Document, StringComparison.Ordinal);
        if (document < 0)
            throw new PromptException("The template for reranking has no {document}.");
        (_beforeDocument, _afterDocument) = (source[..document], source[(document + Document.Length)..]);
    }

    /// <summary>The prompt of Qwen3-Reranker, which answers with yes or no.</summary>
    public static PairTemplate Qwen3 { get; } = new(
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. "
        + "Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n<Instruct>: {instruction}\n<Query>: {query}\n<Document>: {document}<|im_end|>\n"
        + "<|im_start|>assistant\n<think>\n\n</think>\n\n");

    /// <summary>Renders the text before the document and the text after it.</summary>
    internal (PromptText Before, PromptText After) Render(string instruction, string query) =>
        (Replace(_beforeDocument, instruction, query), Replace(_afterDocument, instruction, query));

    private static PromptText Replace(string text, string instruction, string query)
    {
        PromptText result = PromptText.Trusted("");
        for (int start = 0; ;)
        {
            (int at, string name, string value) = new[] { (Instruction, instruction), (Query, query) }
                .Select(one => (At: text.IndexOf(one.Item1, start, StringComparison.Ordinal), one.Item1, one.Item2))
                .Where(static one => one.At >= 0)
                .OrderBy(static one => one.At)
                .FirstOrDefault((text.Length, "", ""));
            result = result.AppendTemplate(text[start..at]).AppendRequest(value);
            if (at == text.Length)
                return result;
            start = at + name.Length;
        }
    }
}

using System.Text;

namespace RkLlama.Prompts;

/// <summary>
/// The control tokens with which a model family marks the text before and after a gap, so that the model generates the text of the gap. The names and the
/// order come from the documentation of each family.
/// </summary>
/// <param name="Prefix">The token before the text that precedes the gap.</param>
/// <param name="Suffix">The token before the text that follows the gap.</param>
/// <param name="Middle">The last token of the prompt; null if the prompt ends with the text before the gap.</param>
internal sealed record FillInTheMiddle(string Prefix, string Suffix, string? Middle)
{
    private static readonly FillInTheMiddle[] _families =
    [
        // CodeGemma. Qwen uses the same three tokens, but has no <bos>.
        new("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>") { Bos = "<bos>", Ends = ["<|file_separator|>", "<eos>", "<end_of_turn>"] },

        // Qwen2.5, Qwen2.5-Coder, Qwen3.
        new("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
        {
            Ends = ["<|endoftext|>", "<|im_end|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"],
        },

        // StarCoder, StarCoder2, Granite Code.
        new("<fim_prefix>", "<fim_suffix>", "<fim_middle>") { Ends = ["<|endoftext|>", "<fim_pad>", "<file_sep>", "<repo_name>"] },

        // DeepSeek-Coder, DeepSeek-Coder-V2, DeepSeek-V3.
        new("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>") { Bos = "<｜begin▁of▁sentence｜>", Ends = ["<｜end▁of▁sentence｜>", "<|EOT|>"] },

        // GLM-4.5.
        new("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>") { Ends = ["<|endoftext|>", "<|user|>", "<|observation|>"] },

        // Codestral, Mistral. The text after the gap comes first, and no token follows the text before the gap.
        new("[PREFIX]", "[SUFFIX]", null) { Bos = "<s>", Ends = ["</s>"] },
    ];

    /// <summary>The token at the beginning of the prompt; null for none.</summary>
    public string? Bos { get; init; }

    /// <summary>The tokens after which a model of the family has filled the gap.</summary>
    public required string[] Ends { get; init; }

    /// <summary>Returns the family whose control tokens are in a vocabulary; null if there is none.</summary>
    /// <param name="isControlToken">Whether a text is a control token of the vocabulary.</param>
    public static FillInTheMiddle? ForVocabulary(Func<string, bool> isControlToken) =>
        Array.Find(_families, family => family.Tokens.All(isControlToken));

    private IEnumerable<string> Tokens => new[] { Prefix, Suffix, Middle, Bos }.OfType<string>();

    /// <summary>Returns the prompt for a gap. Only the texts before and after the gap are request text.</summary>
    public PromptText Render(string before, string after)
    {
        StringBuilder text = new(before.Length + after.Length + 100);
        List<PromptSpan> spans = [];
        text.Append(Bos);
        if (Middle is null)
        {
            Append(Suffix, after);
            Append(Prefix, before);
        }
        else
        {
            Append(Prefix, before);
            Append(Suffix, after);
            text.Append(Middle);
        }

        return new(text.ToString(), spans);

        void Append(string token, string request)
        {
            text.Append(token);
            if (request.Length > 0)
                spans.Add(new(text.Length, text.Length + request.Length));
            text.Append(request);
        }
    }
}

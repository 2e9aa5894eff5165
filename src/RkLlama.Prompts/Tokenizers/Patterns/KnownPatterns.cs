namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// The regular expressions that most tokenizers use to split text. They have hand-written matchers; all other expressions use <see cref="RegexPattern"/>.
/// </summary>
internal static class KnownPatterns
{
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>The expression of Qwen 1 to 3 and of models distilled from them. A match has at most one digit.</summary>
    public const string Qwen =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The expression of Llama 3, Phi-4 and other models that follow OpenAI's cl100k_base. A match has at most three digits.</summary>
    public const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public static TextPattern ForExpression(string expression) => expression switch
    {
        Gpt2 => new Gpt2Pattern(),
        Qwen => new Cl100kPattern(maxNumbers: 1),
        Llama3 => new Cl100kPattern(maxNumbers: 3),
        _ => RegexPattern.Parse(expression),
    };
}

namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>The split patterns of most models, with hand-written matchers. All other expressions use <see cref="RegexPattern"/>.</summary>
internal static class KnownPatterns
{
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Qwen 1 to 3 and their distillations: one digit per match.</summary>
    public const string Qwen =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Llama 3, Phi-4 and others that follow cl100k: up to three digits per match.</summary>
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

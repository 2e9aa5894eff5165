using System.Text.Json;

namespace RkLlama.Prompts;

/// <summary>The limit on JSON that this project reads: tokenizer files, tokenizer_config.json and arguments of tool calls.</summary>
internal static class JsonLimits
{
    /// <summary>Levels of objects and arrays inside one another; the same limit as for request bodies. Tokenizer files in use nest 5 levels at most.</summary>
    public const int MaxDepth = 64;

    public static JsonDocumentOptions DocumentOptions => new() { MaxDepth = MaxDepth };

    public static JsonReaderOptions ReaderOptions => new() { MaxDepth = MaxDepth };
}

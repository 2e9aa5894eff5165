using System.Text.Json;

namespace RkLlama.Prompts;

/// <summary>The limit on the JSON that this project reads: tokenizer files, tokenizer_config.json and tool call arguments.</summary>
internal static class JsonLimits
{
    /// <summary>
    /// The maximum number of objects and arrays inside one another. Request bodies have the same limit. Known tokenizer files have at most 5 levels.
    /// </summary>
    public const int MaxDepth = 64;

    public static JsonDocumentOptions DocumentOptions => new() { MaxDepth = MaxDepth };

    public static JsonReaderOptions ReaderOptions => new() { MaxDepth = MaxDepth };
}

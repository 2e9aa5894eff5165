using System.Text;

namespace RkLlama.Engine.Tests.Support;

/// <summary>A tokenizer with one token for each byte, a few words and control tokens.</summary>
internal static class SmallTokenizer
{
    internal const int EndOfTurn = 300, EndOfText = 301, ToolCalls = 302, HelloToken = 310, World = 311, Smile = 312;

    /// <summary>The content of <c>tokenizer.json</c>.</summary>
    internal static string Json { get; } = Write();

    private static string Write()
    {
        static bool IsPrintable(int b) => b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
        static char Letter(int value) => IsPrintable(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !IsPrintable(b)));
        static string Token(string text) => string.Concat(Encoding.UTF8.GetBytes(text).Select(value => Letter(value)));
        static string Entry(string token, int id) => $"\"{System.Text.Json.JsonEncodedText.Encode(token)}\":{id}";
        static string Added(string content, int id) =>
            $$"""{"id":{{id}},"content":"{{content}}","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}""";
        IEnumerable<string> entries = Enumerable.Range(0, 256).Select(value => Entry(Letter(value).ToString(), value));
        return $$"""
            {"added_tokens": [{{Added("<|im_start|>", 299)}},{{Added("<|im_end|>", EndOfTurn)}},{{Added("<|endoftext|>", EndOfText)}},{{Added("[TOOL_CALLS]", ToolCalls)}}],
             "normalizer": null, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}, "decoder": {"type": "ByteLevel"},
             "model": {"type": "BPE", "merges": [], "vocab": { {{string.Join(',', entries)}},
               {{Entry(Token("Hello"), HelloToken)}},{{Entry(Token(" world"), World)}},{{Entry(Token("😀"), Smile)}} } } }
            """;
    }
}

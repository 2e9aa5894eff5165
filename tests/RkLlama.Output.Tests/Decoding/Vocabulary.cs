using System.Text;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Output.Tests.Decoding;

/// <summary>Small tokenizers. The texts of ordinary tokens follow the bytes and the control tokens.</summary>
internal static class Vocabulary
{
    internal const int End = 300, ToolCalls = 301, Think = 302, FirstWord = 310;

    internal static readonly string[] Words = ["Hello", " world", "!", " you", "two", " ", "<|im", "_end", "|>", "é", "<"];

    /// <summary>A byte-level tokenizer: the ids 0 to 255 are bytes, <see cref="Words"/> start at <see cref="FirstWord"/>.</summary>
    internal static Tokenizer ByteLevel { get; } = Load(
        Enumerable.Range(0, 256).Select(value => (Letter(value).ToString(), value))
            .Concat(Words.Select((word, i) => (string.Concat(Encoding.UTF8.GetBytes(word).Select(value => Letter(value))), FirstWord + i))),
        """{"type":"ByteLevel"}""");

    /// <summary>A tokenizer in the form of SentencePiece: the ids 0 to 255 are byte tokens.</summary>
    internal static Tokenizer SentencePiece { get; } = Load(
        Enumerable.Range(0, 256).Select(value => ($"<0x{value:X2}>", value))
            .Concat(Words.Select((word, i) => (word.Replace(' ', '▁'), FirstWord + i))),
        """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""");

    /// <summary>Returns the id of a word. The id of an ASCII character is that of its byte.</summary>
    internal static int IdOf(string word) => word is [< '\u0080'] ? word[0] : FirstWord + Array.IndexOf(Words, word);

    private static Tokenizer Load(IEnumerable<(string Token, int Id)> tokens, string decoder)
    {
        string vocabulary = string.Join(',', tokens.DistinctBy(token => token.Token).Select(token => $"{Quote(token.Token)}:{token.Id}"));
        string json = $$"""
            {"added_tokens": [{{Added(End, "<|im_end|>", true)}},{{Added(ToolCalls, "[TOOL_CALLS]", true)}},{{Added(Think, "<think>", false)}}],
             "normalizer": null, "pre_tokenizer": null, "decoder": {{decoder}},
             "model": {"type": "BPE", "vocab": { {{vocabulary}} }, "merges": []} }
            """;
        return Tokenizer.LoadJson(new MemoryStream(Encoding.UTF8.GetBytes(json)));
    }

    private static string Added(int id, string content, bool special) =>
        $$"""{"id":{{id}},"content":"{{content}}","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":{{(special ? "true" : "false")}}}""";

    private static string Quote(string text) => $"\"{System.Text.Json.JsonEncodedText.Encode(text)}\"";

    private static char Letter(int value)
    {
        static bool IsPrintable(int b) => b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
        return IsPrintable(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !IsPrintable(b)));
    }
}

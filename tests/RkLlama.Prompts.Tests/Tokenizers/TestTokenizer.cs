using System.Text;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

/// <summary>A small tokenizer.json for tests. Properties that are not set are null in the JSON.</summary>
internal sealed record TestTokenizer
{
    /// <summary>The default vocabulary: letters, marks, and the results of the merges. The id is the index in the list.</summary>
    public static readonly string[] Letters =
    [
        "<unk>", "▁", " ", .. Enumerable.Range('a', 26).Select(letter => ((char)letter).ToString()), ".", ",", "é", "1", "2", "3", "\n",
        "ab", "abc", "▁a", "▁ab", "he", "ll", "hell", "hello", "▁▁",
    ];

    public static readonly string[] LetterMerges =
        ["a b", "ab c", "▁ a", "▁a b", "▁ ab", "h e", "l l", "he ll", "hell o", "▁ ▁"];

    /// <summary>The id of the first token of <see cref="AddedTokenList"/>.</summary>
    public const int FirstAddedId = 100;

    public IReadOnlyList<string> Vocabulary { get; init; } = Letters;

    public IReadOnlyList<string> Merges { get; init; } = LetterMerges;

    /// <summary>Additional JSON properties of the model, each followed by a comma.</summary>
    public string Model { get; init; } = "";

    public string Normalizer { get; init; } = "null";

    public string PreTokenizer { get; init; } = "null";

    public string Decoder { get; init; } = """{"type":"Fuse"}""";

    public string AddedTokens { get; init; } = "[]";

    /// <summary>A byte-level tokenizer. Its tokens are the 256 bytes, with the byte as id, and the results of the merges.</summary>
    public static TestTokenizer ByteLevel(params string[] merges)
    {
        string[] letters = [.. Enumerable.Range(0, 256).Select(value => LetterOf(value).ToString())];
        return new TestTokenizer
        {
            Vocabulary = [.. letters, .. merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal))],
            Merges = merges,
            PreTokenizer = """{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}""",
            Decoder = """{"type":"ByteLevel"}""",
        };
    }

    public Tokenizer Load() => Tokenizer.LoadJson(new MemoryStream(Encoding.UTF8.GetBytes(ToJson())));

    /// <summary>Encodes a text and returns the tokens of its ids.</summary>
    public string[] Tokenize(string text) => Tokenize(Load().Encode(text));

    public string[] Tokenize(IEnumerable<int> ids) => [.. ids.Select(id => id < Vocabulary.Count ? Vocabulary[id] : $"#{id}")];

    public string ToJson()
    {
        string vocabulary = string.Join(',', Vocabulary.Select((token, id) => $"{Quote(token)}:{id}"));
        string merges = string.Join(',', Merges.Select(Quote));
        return $$"""
            {
              "version": "1.0", "truncation": null, "padding": null,
              "added_tokens": {{AddedTokens}},
              "normalizer": {{Normalizer}},
              "pre_tokenizer": {{PreTokenizer}},
              "post_processor": {"type": "TemplateProcessing", "single": [ {"SpecialToken": {"id": "<s>", "type_id": 0} } ] },
              "decoder": {{Decoder}},
              "model": { "type": "BPE", {{Model}} "vocab": { {{vocabulary}} }, "merges": [ {{merges}} ] }
            }
            """;
    }

    /// <summary>Returns a JSON list of added tokens with the same flags.</summary>
    public static string AddedTokenList(string[] contents, string flags, int first = FirstAddedId) =>
        "[" + string.Join(',', contents.Select((content, i) => $"{{{flags}\"id\":{first + i},\"content\":\"{content}\"}}")) + "]";

    private static string Quote(string text) =>
        "\"" + string.Concat(text.Select(unit => unit is '"' or '\\' or < ' ' ? $"\\u{(int)unit:x4}" : unit.ToString())) + "\"";

    /// <summary>The GPT-2 character of a byte. Computed again here, so that the tests do not depend on the code under test.</summary>
    private static char LetterOf(int value)
    {
        static bool IsPrintable(int b) => b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
        return IsPrintable(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !IsPrintable(b)));
    }
}

using System.Text.Json;
using RkLlama.Prompts.Tests.Support;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

/// <summary>Compares ids with those of the reference implementation.</summary>
public sealed class TokenizerConformanceTests
{
    private const int MaxReported = 20;

    public static TheoryData<string> TokenizerNames
    {
        get
        {
            var names = new TheoryData<string>();
            foreach (string name in ConformanceData.TokenizerNames)
                names.Add(name);
            return names;
        }
    }

    [TokenizerConformance]
    [MemberData(nameof(TokenizerNames))]
    public void Ids_equal_those_of_the_reference_implementation(string name)
    {
        Tokenizer tokenizer = Tokenizer.LoadFile(ConformanceData.TokenizerFile(name));
        string[] corpus = ReadCorpus();
        int[][] expected = ReadIds(ConformanceData.ExpectedIds(name));

        var differences = new List<string>();
        for (int i = 0; i < corpus.Length; i++)
        {
            int[] ids = tokenizer.Encode(corpus[i]);
            if (!ids.SequenceEqual(expected[i]))
                differences.Add($"{i}: {JsonEncodedText.Encode(corpus[i])}: {string.Join(' ', ids)}, not {string.Join(' ', expected[i])}");
        }

        corpus.Length.Should().Be(expected.Length);
        differences.Take(MaxReported).Should().BeEmpty("{0} of {1} strings differ", differences.Count, corpus.Length);
    }

    [TokenizerConformance]
    [MemberData(nameof(TokenizerNames))]
    public void Guarded_text_without_added_tokens_keeps_its_ids(string name)
    {
        Tokenizer tokenizer = Tokenizer.LoadFile(ConformanceData.TokenizerFile(name));
        string[] literals = [.. tokenizer.AddedTokens.Select(token => token.Content)];
        IEnumerable<string> texts = ReadCorpus().Where(text => !literals.Any(literal => text.Contains(literal, StringComparison.Ordinal)));

        foreach (string text in texts)
        {
            var prompt = new PromptText(text, [new PromptSpan(text.Length / 3, text.Length)]);
            tokenizer.Encode(prompt, guard: true).Should().Equal(tokenizer.Encode(text));
        }
    }

    private static string[] ReadCorpus()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(ConformanceData.Corpus));
        return [.. json.RootElement.EnumerateArray().Select(text => text.GetString()!)];
    }

    private static int[][] ReadIds(string path)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
        return [.. json.RootElement.EnumerateArray().Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray())];
    }
}

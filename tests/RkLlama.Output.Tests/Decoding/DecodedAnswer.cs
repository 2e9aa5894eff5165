using RkLlama.Output.Decoding;
using RkLlama.Prompts;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Output.Tests.Decoding;

/// <summary>One answer. The test adds its tokens.</summary>
internal sealed class DecodedAnswer
{
    private readonly AnswerDecoder _decoder;
    private readonly List<OutputToken> _output = [];

    internal DecodedAnswer(Tokenizer? tokenizer, TokenReferee? referee = null, EndTokens? ends = null) =>
        _decoder = new(tokenizer, ends ?? Ends, referee ?? new(), Differences.Add);

    internal static EndTokens Ends { get; } = new(new HashSet<int> { Vocabulary.End }, ["<|im_end|>"]);

    internal List<int> Differences { get; } = [];

    internal bool HasEnded => _decoder.HasEnded;

    internal IReadOnlyList<OutputToken> Output => _output;

    /// <summary>The ordinary text so far.</summary>
    internal string Text => string.Concat(_output.Where(token => token.Kind == OutputTokenKind.Text).Select(token => token.Text));

    internal IEnumerable<string> Special => _output.Where(token => token.Kind == OutputTokenKind.Special).Select(token => token.Text);

    /// <summary>Returns a referee that has confirmed the ids.</summary>
    internal static TokenReferee Confirmed()
    {
        TokenReferee referee = new();
        for (int i = 0; i < TokenReferee.RequiredTokens; i++)
            referee.RecordEqual();
        return referee;
    }

    internal DecodedAnswer Add(int id, string text)
    {
        _decoder.Add(id, text, _output);
        return this;
    }

    /// <summary>Adds a word of the vocabulary with the right text of the runtime.</summary>
    internal DecodedAnswer Add(string word) => Add(Vocabulary.IdOf(word), word);

    internal DecodedAnswer End(bool isComplete = true)
    {
        _decoder.EndRun(isComplete, _output);
        return this;
    }
}

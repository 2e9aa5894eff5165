using System.Text;
using RkLlama.Prompts;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Output.Decoding;

/// <summary>
/// Decodes the tokens of one answer, and finds the end token of the model. Each token has an id and the text of the runtime. The text of the answer comes from
/// the ids and the model's tokenizer. It comes from the runtime if there is no tokenizer, if the tokenizer does not have the id, or if <see cref="TokenReferee"/>
/// has found a difference. Time is linear in the length of the text. One instance per answer; not thread-safe.
/// </summary>
internal sealed class AnswerDecoder
{
    // The number of decoded characters that the runtime may still have to deliver. A character of several tokens comes after at most 4 tokens.
    private const int MaxLag = 256;
    private const char Replacement = '\uFFFD';

    private readonly Tokenizer? _tokenizer;
    private readonly EndTokens _ends;
    private readonly TokenReferee _referee;
    private readonly Action<int>? _onDifference;
    private readonly TokenTextDecoder? _decoder;
    private readonly EndTextMatcher? _endTexts;
    private readonly OutputBuffer _released = new();
    private readonly ConfirmedText _confirmed;
    private readonly StringBuilder _matched = new();

    // Null if the texts are not compared: the ids are confirmed, or the text of the runtime is used.
    private TextComparison? _comparison;
    private bool _usesRuntimeText;
    private int _lastId = -1;

    // Whether the text of the runtime is used because of an unknown id: until the texts of a token are equal.
    private bool _isAfterUnknownId;

    // Whether the tokens before the last control token had unknown ids. Then the runtime delivers the rest of their text at the end of the run, after an end token.
    private bool _isRestOwed;

    // Whether the next text is the first one, or follows an added token. Some tokenizers remove a space there, and some runtimes do.
    private bool _isSpaceOptional = true;

    /// <param name="tokenizer">The tokenizer of the model; null if there is none.</param>
    /// <param name="referee">The referee of the loaded model.</param>
    /// <param name="onDifference">Called at the first difference of a load, with the id of the token.</param>
    internal AnswerDecoder(Tokenizer? tokenizer, EndTokens ends, TokenReferee referee, Action<int>? onDifference = null)
    {
        _tokenizer = tokenizer;
        _ends = ends;
        _referee = referee;
        _onDifference = onDifference;
        _usesRuntimeText = tokenizer is null || referee.IsRefuted;
        _confirmed = new(_released);
        _decoder = tokenizer is null ? null : new(tokenizer);
        _comparison = _usesRuntimeText || referee.IsConfirmed ? null : new(_released);
        _endTexts = ends.Texts.Count == 0 ? null : new(ends.Texts);
    }

    /// <summary>Whether an end token has ended the answer. Further tokens are ignored.</summary>
    internal bool HasEnded { get; private set; }

    // Whether the text of end tokens is searched. It ends an answer only if it may stand for the token: not if all ids are those of the tokenizer.
    private bool SearchesEndTexts => _endTexts is not null && (_usesRuntimeText || _comparison is not null || _referee.HasUnknownIds);

    /// <summary>Decodes a token.</summary>
    /// <param name="id">The id of the token; −1 for text without a token.</param>
    /// <param name="text">The text of the runtime.</param>
    /// <param name="output">
    /// The output that is complete is appended to this list. There is at least one token, whose text may be empty, unless the answer has ended.
    /// </param>
    internal void Add(int id, string text, List<OutputToken> output)
    {
        if (HasEnded)
        {
            if (id < 0 && _isRestOwed)
                output.Add(new(text, OutputTokenKind.Text));
            return;
        }

        _lastId = id;
        int before = output.Count;
        if (_comparison is { IsEmpty: true })
            TakeVerdict();
        if (_usesRuntimeText)
            _released.Append(text);
        else if (_tokenizer!.FindAddedToken(id) is { } added)
            AddControlToken(id, new(added.Content, added.Special ? OutputTokenKind.Special : OutputTokenKind.Text), text);
        else if (_ends.Ids.Contains(id))
            AddControlToken(id, new(_tokenizer.Decode([id], skipSpecial: false), OutputTokenKind.Text), text);
        else if (_tokenizer.Contains(id))
            AddOrdinaryToken(id, text);
        else
            AddUnknownToken(id, text);
        Deliver(output);
        if (HasEnded)
            DeliverHeld(output);
        else if (output.Count == before)
            output.Add(new("", OutputTokenKind.Text));
    }

    /// <summary>Ends a run of the answer. Appends the output that was held back.</summary>
    /// <param name="isComplete">Whether the runtime has delivered the text of all tokens, because it has ended the run by itself.</param>
    internal void EndRun(bool isComplete, List<OutputToken> output)
    {
        if (HasEnded)
            return;
        if (_comparison is { IsEmpty: false } comparison && !comparison.TryRelease(always: IsRestTrusted(comparison, isComplete)))
        {
            // A single token without a text of the runtime may be the runtime's own end token.
            if (isComplete && comparison.HasRuntimeText && comparison.LaggingTokens > 1)
                UseRuntimeText(_lastId, "");
            else
                _comparison = new(_released);
        }

        _decoder?.Flush();
        _isAfterUnknownId = false;
        _confirmed.Flush();
        Deliver(output);
        DeliverHeld(output);
    }

    /// <summary>Whether decoded text without a text of the runtime belongs to the answer.</summary>
    private bool IsRestTrusted(TextComparison comparison, bool isComplete)
    {
        if (comparison.HasRuntimeText)
            return !isComplete && _referee.HasEqualTokens;

        // The runtime delivers no text at all. If there is only one token, it may be an end token of a model with other ids.
        return _referee.HasEqualTokens || comparison.LaggingTokens > 1;
    }

    private void AddOrdinaryToken(int id, string text)
    {
        string decoded = _decoder!.Append(id);
        if (_isAfterUnknownId)
        {
            if (text.Length > 0 && decoded == text && !_decoder.IsInsideCharacter && _comparison is not { IsEmpty: false })
                _isAfterUnknownId = false;
            else
                _decoder.Flush();
            AddRuntimeText(id, text);
            return;
        }

        if (_comparison is null)
            _confirmed.Add(decoded, text, _isSpaceOptional);
        else
            Compare(id, decoded, text, _comparison);
        _isSpaceOptional &= decoded.Length == 0;
    }

    private void Compare(int id, string decoded, string text, TextComparison comparison)
    {
        comparison.Expect(decoded, _isSpaceOptional);
        int equal = comparison.Match(text);
        if (equal < text.Length)
            UseRuntimeText(id, text[equal..]);
        else if (comparison.IsEmpty && decoded.Length > 0)
            _referee.RecordEqual();
        else if (comparison.Lag > MaxLag && !comparison.TryRelease(always: !comparison.HasRuntimeText))
            UseRuntimeText(id, "");
    }

    /// <summary>Adds a token that the runtime may leave out: an added token, or an end token.</summary>
    private void AddControlToken(int id, OutputToken token, string text)
    {
        bool isEnd = _ends.Ids.Contains(id);
        bool isWritten = token.Text.Length > 0 && text.EndsWith(token.Text, StringComparison.Ordinal);
        string before = isWritten ? text[..^token.Text.Length] : text;
        string rest = _decoder!.Flush();
        _confirmed.Flush();
        if (_comparison is { } comparison && !(_isAfterUnknownId && comparison.IsEmpty))
        {
            comparison.Expect(_isAfterUnknownId ? "" : rest, isSpaceOptional: false);
            int equal = comparison.Match(before);
            if (equal < before.Length || ((isWritten || isEnd) && !comparison.TryRelease(always: !comparison.HasRuntimeText)))
                UseRuntimeText(id, text[equal..]);
        }
        else if (!_isAfterUnknownId)
        {
            _released.Append(rest);
        }
        else if (_referee.IsConfirmed || before.AsSpan().Trim(Replacement).IsEmpty)
        {
            _released.Append(before);
        }
        else
        {
            UseRuntimeText(id, text);
        }

        if (_usesRuntimeText)
            return;
        _isRestOwed = _isAfterUnknownId;
        (_isAfterUnknownId, _isSpaceOptional) = (false, true);
        if (isEnd)
            HasEnded = true;
        else if (_comparison is null)
            _released.Append(token);
        else
            _comparison.ExpectOptional(token);
    }

    private void AddUnknownToken(int id, string text)
    {
        // The text of the runtime contains the bytes so far.
        _decoder!.Flush();
        _isAfterUnknownId = true;
        text = _confirmed.RemoveReleased(text);
        if (id >= 0 && text.Length > 0)
            _referee.RecordUnknownId();
        AddRuntimeText(id, text);
    }

    /// <summary>Adds the text of the runtime for a token. It may start with text of earlier tokens that the runtime has not delivered before.</summary>
    private void AddRuntimeText(int id, string text)
    {
        int equal = _comparison is { IsEmpty: false } comparison ? comparison.Match(text) : 0;
        _isSpaceOptional &= text.Length == 0;
        if (_comparison is { IsEmpty: false } && equal < text.Length)
            UseRuntimeText(id, text[equal..]);
        else
            _released.Append(text[equal..]);
    }

    /// <summary>Uses the text of the runtime from now on, because it differs from the decoded text.</summary>
    /// <param name="rest">The text of the runtime that was not released yet.</param>
    private void UseRuntimeText(int id, string rest)
    {
        if (_referee.TryRefute())
            _onDifference?.Invoke(id);
        _usesRuntimeText = true;
        _comparison = null;
        _released.Append(rest);
    }

    /// <summary>Ends the comparison if the referee has decided.</summary>
    private void TakeVerdict()
    {
        if (!_referee.IsConfirmed && !_referee.IsRefuted)
            return;
        _usesRuntimeText = _referee.IsRefuted;
        _comparison = null;
        if (!SearchesEndTexts)
            _endTexts?.Flush(_matched);
    }

    /// <summary>Moves the released output to the list. Removes the text from an end token on, if this text ends the answer.</summary>
    private void Deliver(List<OutputToken> output)
    {
        DeliverMatched(output);
        foreach (OutputToken token in _released.Collect())
        {
            if (!SearchesEndTexts)
            {
                output.Add(token);
                continue;
            }

            if (token.Kind != OutputTokenKind.Text)
            {
                DeliverHeld(output);
                output.Add(token);
                continue;
            }

            bool isEnd = _endTexts!.Add(token.Text, endsAnswer: _usesRuntimeText || _isAfterUnknownId, _matched);
            DeliverMatched(output);
            if (!isEnd)
                continue;
            HasEnded = true;
            break;
        }

        _released.Clear();
    }

    private void DeliverHeld(List<OutputToken> output)
    {
        _endTexts?.Flush(_matched);
        DeliverMatched(output);
    }

    private void DeliverMatched(List<OutputToken> output)
    {
        if (_matched.Length == 0)
            return;
        output.Add(new(_matched.ToString(), OutputTokenKind.Text));
        _matched.Clear();
    }
}

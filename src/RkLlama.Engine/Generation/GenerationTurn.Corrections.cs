using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

// Text that the server inserts in the content, because it is the only one that the format allows.
internal sealed partial class GenerationTurn
{
    /// <summary>Returns the first run if the start of the content is known before the model writes it; otherwise <see langword="null"/>.</summary>
    private (RunInput, RunParameters)? Start()
    {
        if (content?.CertainStart(prepared) is not { Length: > 0 } start || _tokens.Continuation(start) is not { } next)
            return null;
        _tokens.Insert(start);
        _insertedBefore = start;
        return next;
    }

    /// <summary>Cuts the content, inserts the text of a correction, and returns the run that continues behind it.</summary>
    /// <returns>Cut: why the output ends here; <see langword="null"/> if it does not. Next: the next run.</returns>
    private (AbortCause? Cut, (RunInput, RunParameters)? Next) Continue((int Length, string Forced) correction)
    {
        _correction = null;
        if (_lengthBeforeEnd is { } length)
            _tokens.CutAt(length);
        (_tokensBeforeEnd, _lengthBeforeEnd, _rest) = (null, null, null);
        if (!_tokens.TryReplace(content!.Text, correction.Length, correction.Forced))
            return (AbortCause.Correction, null);
        content.CutTo(correction.Length);
        _output.RestartContent();
        Insert(correction.Forced);
        if (content.IsComplete)
            return (AbortCause.Complete, null);
        return _tokens.Continuation("") is { } next ? (null, next) : (AbortCause.Length, null);
    }

    /// <summary>Passes on the text before the first token of a run. It waits for the token, so that a run that fails at its start is an error without output.</summary>
    private void PassInserted()
    {
        if (_insertedBefore.Length == 0)
            return;
        string text = _insertedBefore;
        _insertedBefore = "";
        Insert(text);
    }

    private void Insert(string text)
    {
        _output.AddInserted(text, _events.Parts);
        content!.Apply(_events.Parts);
        Collect();
        _events.Flush();
    }
}

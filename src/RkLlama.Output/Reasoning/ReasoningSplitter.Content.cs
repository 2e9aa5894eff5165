using RkLlama.Output.Text;

namespace RkLlama.Output.Reasoning;

/// <content>The content that may end: a preamble, the answer of gpt-oss, and content that turns out to be reasoning.</content>
internal sealed partial class ReasoningSplitter
{
    // Whether the tag of the end of the answer, and nothing but white space, has been read last.
    private bool _isAfterAnswer;

    // Whether the content follows a block, so that a closing tag must be alone on its line.
    private bool _isSecondEnd;

    /// <summary>Processes a character of the content of a model that may have begun its reasoning without an opening tag, or of a preamble.</summary>
    private void FeedContent(LiteralMatcher end, OutputChar c)
    {
        if (_isAfterAnswer && c.IsWhiteSpace)
        {
            _partial.Append(c);
            return;
        }

        _isAfterAnswer = false;
        if (!end.Feed(c.Value))
        {
            end.Reset();
            _partial.ReleaseTo(PassContent);
            Feed(c);
            return;
        }

        _partial.Append(c);
        if (end.Match is not { } tag)
            return;
        if (_isPreamble)
        {
            sinks.OnPartEnd();
            ReleaseDelimiter();
            EnterAfterBlock();
            return;
        }

        if (tag == ReasoningTag.EndOfAnswer)
        {
            _isAfterAnswer = true;
            return;
        }

        bool isOpen = tag == unopened.Tag!.Open;
        if (!isOpen && (_isAtLineStart || !(unopened.IsAloneOnLine || _isSecondEnd)))
        {
            EndUnopened();
            return;
        }

        // An opening tag inside the content: the text is about tags, and a closing tag that follows belongs to it.
        end.Reset();
        _contentEnd = isOpen ? null : end;
        _partial.ReleaseTo(PassContent);
    }

    private void EndUnopened()
    {
        sinks.OnUnopenedEnd();
        _tag = unopened.Tag;
        ReleaseDelimiter();
        EnterAfterBlock();
    }
}

using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.Reasoning;

/// <summary>
/// Separates the reasoning block at the start of the output from the content that follows. Processes one character at a time. Holds back only white space,
/// and text that may be the start of a tag.
/// </summary>
/// <param name="startsInBlock">Whether the prompt already ends with the opening tag. The model may write the tag again.</param>
/// <param name="onDelimiter">Receives the characters of the tags, and the white space directly before and after each tag.</param>
internal sealed class ReasoningSplitter(bool startsInBlock, Action<char> onContent, Action<char> onReasoning, Action<char> onDelimiter)
{
    private const string OpenTag = "<think>";
    private const string CloseTag = "</think>";

    private readonly StringBuilder _space = new();
    private LiteralMatcher _tag = startsInBlock ? new(CloseTag, OpenTag) : new(OpenTag);
    private State _state = startsInBlock ? State.InBlock : State.BeforeBlock;
    private bool _hasText;

    private enum State
    {
        BeforeBlock,
        InBlock,
        AfterBlock,
        Content,
    }

    internal bool IsInBlock => _state == State.InBlock;

    internal void Feed(char c)
    {
        if (_state is State.BeforeBlock or State.InBlock)
        {
            FeedNearTag(c);
        }
        else if (_state == State.AfterBlock && char.IsWhiteSpace(c))
        {
            onDelimiter(c);
        }
        else
        {
            _state = State.Content;
            onContent(c);
        }
    }

    /// <summary>Ends the output and passes on the text that was held back. Without a closing tag, all text after the opening tag is reasoning.</summary>
    internal void Finish()
    {
        if (_state == State.BeforeBlock || _tag.Length > 0)
            ReleaseHeld();
        else
            ReleaseSpace(onDelimiter);
    }

    private void FeedNearTag(char c)
    {
        if (_tag.Feed(c))
        {
            if (_tag.Match is { } tag)
                EndTag(tag);
            return;
        }

        if (_tag.Length > 0)
        {
            ReleaseHeld();
            Feed(c); // may start the next tag
        }
        else if (!char.IsWhiteSpace(c))
        {
            ReleaseHeld();
            (IsInBlock ? onReasoning : onContent)(c);
        }
        else if (IsInBlock && !_hasText)
        {
            onDelimiter(c);
        }
        else
        {
            _space.Append(c);
        }
    }

    /// <summary>
    /// Passes on the held text after it has turned out not to be a tag. If no reasoning block has started before, none can start later: all text is content.
    /// </summary>
    private void ReleaseHeld()
    {
        if (_state == State.BeforeBlock)
            _state = State.Content;
        Action<char> target = IsInBlock ? onReasoning : onContent;
        ReleaseSpace(target);
        foreach (char held in _tag.Partial)
            target(held);
        _tag.Reset();

        // If the prompt has the opening tag, the model may repeat it only as the first text of the block.
        if (IsInBlock && !_hasText)
            _tag = new(CloseTag);
        _hasText = true;
    }

    private void EndTag(string tag)
    {
        ReleaseSpace(onDelimiter);
        foreach (char c in tag)
            onDelimiter(c);
        _state = tag == OpenTag ? State.InBlock : State.AfterBlock;
        _tag = new(CloseTag);
    }

    private void ReleaseSpace(Action<char> target)
    {
        foreach (ReadOnlyMemory<char> chunk in _space.GetChunks())
        {
            foreach (char c in chunk.Span)
                target(c);
        }

        _space.Clear();
    }
}

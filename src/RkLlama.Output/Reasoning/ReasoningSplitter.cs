using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.Reasoning;

/// <summary>
/// Parts the block of reasoning at the start of an answer from what follows. Takes the answer character by character, so that how it was
/// cut into tokens cannot matter; holds back no more than white space and the beginning of a tag.
/// </summary>
/// <param name="startsInside">The prompt has opened the block; the model may open it once more.</param>
/// <param name="surroundings">Gets the tags, and the white space around and just inside them.</param>
internal sealed class ReasoningSplitter(bool startsInside, Action<char> content, Action<char> reasoning, Action<char> surroundings)
{
    private const string Opener = "<think>";
    private const string Closer = "</think>";

    private readonly StringBuilder _space = new();
    private TagReader _tag = startsInside ? new(Closer, Opener) : new(Opener);
    private Place _place = startsInside ? Place.Inside : Place.Before;
    private bool _hasText;

    private enum Place
    {
        Before,
        Inside,
        After,
        Content,
    }

    internal bool IsInside => _place == Place.Inside;

    internal void Take(char c)
    {
        if (_place is Place.Before or Place.Inside)
        {
            TakeAroundTags(c);
        }
        else if (_place == Place.After && char.IsWhiteSpace(c))
        {
            surroundings(c);
        }
        else
        {
            _place = Place.Content;
            content(c);
        }
    }

    /// <summary>The answer has ended: what was held back goes where it would have gone. A block that was never closed is reasoning.</summary>
    internal void Finish()
    {
        if (_place == Place.Before || _tag.Length > 0)
            ReleaseHeld();
        else
            Release(surroundings);
    }

    private void TakeAroundTags(char c)
    {
        if (_tag.Take(c))
        {
            if (_tag.Matched is { } tag)
                Pass(tag);
            return;
        }

        if (_tag.Length > 0)
        {
            ReleaseHeld();
            Take(c); // may begin the next tag
        }
        else if (!char.IsWhiteSpace(c))
        {
            ReleaseHeld();
            (IsInside ? reasoning : content)(c);
        }
        else if (IsInside && !_hasText)
        {
            surroundings(c);
        }
        else
        {
            _space.Append(c);
        }
    }

    /// <summary>What was held back is text after all; before the block that means there is no block.</summary>
    private void ReleaseHeld()
    {
        if (_place == Place.Before)
            _place = Place.Content;
        Action<char> target = IsInside ? reasoning : content;
        Release(target);
        foreach (char held in _tag.Text)
            target(held);
        _tag.Reset();

        // Only the very beginning of a block may open it once more.
        if (IsInside && !_hasText)
            _tag = new(Closer);
        _hasText = true;
    }

    private void Pass(string tag)
    {
        Release(surroundings);
        foreach (char read in tag)
            surroundings(read);
        _place = tag == Opener ? Place.Inside : Place.After;
        _tag = new(Closer);
    }

    private void Release(Action<char> target)
    {
        foreach (ReadOnlyMemory<char> chunk in _space.GetChunks())
        {
            foreach (char held in chunk.Span)
                target(held);
        }

        _space.Clear();
    }
}

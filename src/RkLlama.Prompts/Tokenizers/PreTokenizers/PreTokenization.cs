using RkLlama.Prompts.Tokenizers.Patterns;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.PreTokenizers;

/// <summary>
/// A text on its way through the pre-tokenizers: the pieces it is cut into so far. A step either replaces the pieces or writes a new text
/// with new pieces. One per request; reused.
/// </summary>
internal sealed class PreTokenization
{
    private TextBuffer _spareText = new();
    private TextBuffer _ownText = new();
    private List<TextRange> _next = [];

    /// <summary>The text the pieces lie in.</summary>
    public TextBuffer Text { get; private set; } = new();

    public List<TextRange> Pieces { get; private set; } = [];

    /// <summary>Whether index 0 of the text is the beginning of the whole prompt.</summary>
    public bool StartsPrompt { get; private set; }

    /// <summary>Matches of the step at work, kept here for reuse.</summary>
    public List<TextMatch> Matches { get; } = [];

    /// <summary>Capacity held, in elements, to decide whether this is worth keeping.</summary>
    public int Capacity => Math.Max(Math.Max(_spareText.Capacity, _ownText.Capacity), Math.Max(Matches.Capacity, Pieces.Capacity));

    public void Start(TextBuffer text, TextRange piece, bool startsPrompt)
    {
        Text = text;
        StartsPrompt = startsPrompt;
        Pieces.Clear();
        Pieces.Add(piece);
    }

    public ReadOnlySpan<char> TextOf(TextRange piece) => Text.Text[piece.Start..piece.End];

    /// <summary>An empty list for the pieces of the next step.</summary>
    public List<TextRange> BeginPieces()
    {
        _next.Clear();
        return _next;
    }

    /// <summary>An empty text for a step that rewrites.</summary>
    public TextBuffer BeginText()
    {
        _spareText.Clear(trackOrigin: false);
        return _spareText;
    }

    /// <summary>Makes the list from <see cref="BeginPieces"/> the current one.</summary>
    public void CommitPieces() => (Pieces, _next) = (_next, Pieces);

    /// <summary>Makes the text from <see cref="BeginText"/>, and its pieces, the current ones.</summary>
    public void CommitText()
    {
        (_ownText, _spareText) = (_spareText, _ownText);
        Text = _ownText;
        CommitPieces();
    }
}

/// <summary>One step that cuts text into pieces for the model. Immutable; shared by all requests.</summary>
internal abstract class PreTokenizer
{
    public abstract void Apply(PreTokenization state);
}

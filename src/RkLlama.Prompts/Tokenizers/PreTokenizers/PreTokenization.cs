using RkLlama.Prompts.Tokenizers.Patterns;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.PreTokenizers;

/// <summary>
/// The state of pre-tokenization of one text: the pieces that it is split into so far. A step replaces the pieces, or writes a new text with
/// new pieces. Used by one thread at a time; reused.
/// </summary>
internal sealed class PreTokenization
{
    private TextBuffer _spareText = new();
    private TextBuffer _ownText = new();
    private List<TextRange> _next = [];

    /// <summary>The text that the pieces refer to.</summary>
    public TextBuffer Text { get; private set; } = new();

    public List<TextRange> Pieces { get; private set; } = [];

    /// <summary>Whether index 0 of the text is the beginning of the whole prompt.</summary>
    public bool StartsPrompt { get; private set; }

    /// <summary>A list for the matches of the current step; reused.</summary>
    public List<TextMatch> Matches { get; } = [];

    /// <summary>The largest capacity of the buffers, in elements.</summary>
    public int Capacity => Math.Max(Math.Max(_spareText.Capacity, _ownText.Capacity), Math.Max(Matches.Capacity, Pieces.Capacity));

    public void Start(TextBuffer text, TextRange piece, bool startsPrompt)
    {
        Text = text;
        StartsPrompt = startsPrompt;
        Pieces.Clear();
        Pieces.Add(piece);
    }

    public ReadOnlySpan<char> TextOf(TextRange piece) => Text.Text[piece.Start..piece.End];

    /// <summary>Returns an empty list for the pieces of the next step.</summary>
    public List<TextRange> BeginPieces()
    {
        _next.Clear();
        return _next;
    }

    /// <summary>Returns an empty buffer for a step that rewrites the text.</summary>
    public TextBuffer BeginText()
    {
        _spareText.Clear(trackOrigin: false);
        return _spareText;
    }

    /// <summary>Makes the list of <see cref="BeginPieces"/> the current pieces.</summary>
    public void CommitPieces() => (Pieces, _next) = (_next, Pieces);

    /// <summary>Makes the buffer of <see cref="BeginText"/> and the list of <see cref="BeginPieces"/> the current text and pieces.</summary>
    public void CommitText()
    {
        (_ownText, _spareText) = (_spareText, _ownText);
        Text = _ownText;
        CommitPieces();
    }
}

/// <summary>One step of pre-tokenization: splits text into pieces for the model. Immutable; shared by all requests.</summary>
internal abstract class PreTokenizer
{
    public abstract void Apply(PreTokenization state);
}

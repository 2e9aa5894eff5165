using RkLlama.Prompts.Tokenizers.Patterns;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.PreTokenizers;

/// <summary>
/// The state of the pre-tokenization of one text: the text, and the pieces that it is split into so far. Each step replaces the pieces, or both the text and
/// the pieces. Used by one thread at a time; reused for the next text.
/// </summary>
internal sealed class PreTokenization
{
    private TextBuffer _spareText = new();
    private TextBuffer _ownText = new();
    private List<TextRange> _next = [];

    /// <summary>The text that the pieces are ranges of.</summary>
    public TextBuffer Text { get; private set; } = new();

    public List<TextRange> Pieces { get; private set; } = [];

    /// <summary>Whether index 0 of the text is the start of the prompt.</summary>
    public bool StartsPrompt { get; private set; }

    /// <summary>A list that each step can use for its matches. The step must clear it first.</summary>
    public List<TextMatch> Matches { get; } = [];

    /// <summary>The capacity of the largest buffer, in elements.</summary>
    public int Capacity => Math.Max(Math.Max(_spareText.Capacity, _ownText.Capacity), Math.Max(Matches.Capacity, Pieces.Capacity));

    public void Start(TextBuffer text, TextRange piece, bool startsPrompt)
    {
        Text = text;
        StartsPrompt = startsPrompt;
        Pieces.Clear();
        Pieces.Add(piece);
    }

    public ReadOnlySpan<char> TextOf(TextRange piece) => Text.Text[piece.Start..piece.End];

    /// <summary>Returns an empty list for the pieces that a step produces.</summary>
    public List<TextRange> BeginPieces()
    {
        _next.Clear();
        return _next;
    }

    /// <summary>Returns an empty buffer for the text that a step produces.</summary>
    public TextBuffer BeginText()
    {
        _spareText.Clear(trackOrigin: false);
        return _spareText;
    }

    /// <summary>Replaces the pieces by the list that <see cref="BeginPieces"/> returned.</summary>
    public void CommitPieces() => (Pieces, _next) = (_next, Pieces);

    /// <summary>Replaces the text by the buffer that <see cref="BeginText"/> returned, and the pieces by the list of <see cref="BeginPieces"/>.</summary>
    public void CommitText()
    {
        (_ownText, _spareText) = (_spareText, _ownText);
        Text = _ownText;
        CommitPieces();
    }
}

/// <summary>A step of pre-tokenization, which splits a text into pieces for the model. Immutable; all requests share it.</summary>
internal abstract class PreTokenizer
{
    public abstract void Apply(PreTokenization state);
}

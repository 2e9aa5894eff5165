using System.Text;

namespace RkLlama.Output.Decoding;

/// <summary>Collects output. Joins neighbouring ordinary text to one token. Not thread-safe.</summary>
internal sealed class OutputBuffer
{
    private readonly StringBuilder _text = new();
    private readonly List<OutputToken> _tokens = [];

    // The text that was added first. The usual output is one text, which needs no copy.
    private string _first = "";

    internal void Append(char c)
    {
        MoveFirst();
        _text.Append(c);
    }

    internal void Append(string text)
    {
        if (_first.Length == 0 && _text.Length == 0)
        {
            _first = text;
            return;
        }

        MoveFirst();
        _text.Append(text);
    }

    internal void Append(OutputToken token)
    {
        if (token.Kind == OutputTokenKind.Text)
        {
            Append(token.Text);
            return;
        }

        EndText();
        _tokens.Add(token);
    }

    /// <summary>Returns the collected tokens. The list is valid until the next call of another method.</summary>
    internal List<OutputToken> Collect()
    {
        EndText();
        return _tokens;
    }

    internal void Clear()
    {
        _first = "";
        _text.Clear();
        _tokens.Clear();
    }

    private void MoveFirst()
    {
        _text.Append(_first);
        _first = "";
    }

    private void EndText()
    {
        if (_first.Length > 0)
            _tokens.Add(new(_first, OutputTokenKind.Text));
        else if (_text.Length > 0)
            _tokens.Add(new(_text.ToString(), OutputTokenKind.Text));
        _first = "";
        _text.Clear();
    }
}

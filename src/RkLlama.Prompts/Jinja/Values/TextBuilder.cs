using System.Text;

namespace RkLlama.Prompts.Jinja.Values;

/// <summary>Builds a string and records for each character whether it is template text or request text (see <see cref="PromptText"/>).</summary>
internal sealed class TextBuilder(RenderBudget budget)
{
    private readonly StringBuilder _text = new();
    private List<PromptSpan>? _requestSpans;

    public RenderBudget Budget => budget;

    public int Length => _text.Length;

    /// <summary>Appends template text.</summary>
    public void Append(string text)
    {
        Reserve(text.Length);
        _text.Append(text);
    }

    /// <inheritdoc cref="Append(string)"/>
    public void Append(char character)
    {
        Reserve(1);
        _text.Append(character);
    }

    /// <summary>Appends text.</summary>
    /// <param name="fromRequest">True for request text, false for template text.</param>
    public void Append(ReadOnlySpan<char> text, bool fromRequest)
    {
        Reserve(text.Length);
        if (fromRequest)
            AddSpan(_text.Length, _text.Length + text.Length);
        _text.Append(text);
    }

    public void Append(StringValue text) => Append(text, 0, text.Text.Length);

    /// <summary>Appends a substring; <paramref name="start"/> and <paramref name="length"/> are in UTF-16 units.</summary>
    public void Append(StringValue text, int start, int length)
    {
        Reserve(length);
        int offset = _text.Length - start;
        PromptSpan[] spans = text.RequestSpans;
        for (int i = text.FirstSpanAfter(start); i < spans.Length && spans[i].Start < start + length; i++)
            AddSpan(Math.Max(spans[i].Start, start) + offset, Math.Min(spans[i].End, start + length) + offset);
        _text.Append(text.Text, start, length);
    }

    public StringValue ToValue() => new(_text.ToString(), _requestSpans is null ? [] : [.. _requestSpans]);

    public PromptText ToPromptText() => new(_text.ToString(), _requestSpans is null ? [] : [.. _requestSpans]);

    private void Reserve(int count)
    {
        budget.AddCharacters(count);
        if (_text.Length > budget.Limits.MaxTextLength - count)
            throw TemplateException.Exceeded("the chat template writes too much text");
    }

    private void AddSpan(int start, int end)
    {
        if (start == end)
            return;
        _requestSpans ??= [];
        if (_requestSpans.Count > 0 && _requestSpans[^1].End == start)
            _requestSpans[^1] = new PromptSpan(_requestSpans[^1].Start, end);
        else
            _requestSpans.Add(new PromptSpan(start, end));
    }
}

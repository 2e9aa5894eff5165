using RkLlama.Engine.Workers;
using RkLlama.Output;
using RkLlama.Output.Constraints;
using RkLlama.Output.Reasoning;

namespace RkLlama.Engine.Generation;

/// <summary>
/// The content of an answer that is held to a JSON format while the model writes it. Replaces the content in the parts of the output by the content that is
/// certain. Used by one task.
/// </summary>
internal sealed class ConstrainedContent
{
    /// <summary>The maximum number of corrections of an answer. After that, the answer ends.</summary>
    internal const int MaxCorrections = 16;

    private readonly ConstrainedText _text;

    private ConstrainedContent(ValueNode root) => _text = new(root);

    /// <summary>Why the run must be aborted now; <see langword="null"/> if it need not.</summary>
    internal AbortCause? AbortCause =>
        _text.IsOver ? Workers.AbortCause.Complete : _text.IsViolated && !_text.WaitsForMore ? Workers.AbortCause.Correction : null;

    /// <summary>Whether the content is a complete document.</summary>
    internal bool IsComplete => _text.IsComplete || _text.IsOver;

    /// <summary>The content so far, with what violates the format.</summary>
    internal string Text => _text.Text;

    /// <summary>
    /// Creates the constraint for a request. <see langword="null"/> if its content must be checked when it is complete: the request has no format or has tools, its content may have reasoning,
    /// the prompt has no token ids, or the format has conditions that only a complete document can be checked against.
    /// </summary>
    internal static ConstrainedContent? Of(PreparedGeneration prepared)
    {
        if (prepared.Request.Output is not { Format: { } format, Tools: null, SplitsReasoning: true } || prepared.Prompt.Tokens is null || prepared.Prompts.Tokenizer is null || prepared.Model.Referee.IsRefuted)
            return null;
        if (format.Schema is not { } schema)
            return new(ValueNode.AnyObject);
        SchemaCompiler compiler = new(schema);
        ValueNode root = compiler.Compile();
        return compiler.IsExhausted || !SchemaCoverage.IsComplete(schema) ? null : new(root);
    }

    /// <summary>The text with which the answer starts, whatever the model would write; empty if there is none, or if the model may reason before its answer.</summary>
    internal string CertainStart(PreparedGeneration prepared)
    {
        ReasoningTag? tag = ReasoningTags.Find(prepared.Prompts.TemplateSource, prepared.Prompt.Text.Text);
        string prompt = prepared.Prompt.Text.Text.TrimEnd();
        return tag is null || Array.Exists(ReasoningTags.ClosersOf(tag), closing => prompt.EndsWith(closing, StringComparison.Ordinal)) ? _text.CertainStart : "";
    }

    /// <summary>Checks the content of a token, and replaces it by the content that is certain.</summary>
    internal void Apply(List<OutputPart> parts)
    {
        string content = string.Concat(parts.OfType<ContentPart>().Select(static part => part.Text));
        if (content.Length == 0)
            return;
        parts.RemoveAll(static part => part is ContentPart);
        _text.Add(content);
        Release(parts);
    }

    /// <summary>Returns how the content goes on.</summary>
    /// <param name="hasModelEnded">Whether the model has ended before the document is complete.</param>
    /// <returns>The number of characters of <see cref="Text"/> to keep, and the text behind them; <see langword="null"/> if there is no correction.</returns>
    internal (int Length, string Forced)? Correct(bool hasModelEnded) => _text.Corrections < MaxCorrections ? _text.Correct(hasModelEnded) : null;

    /// <summary>Removes the content behind a length. The next content corrects it.</summary>
    internal void CutTo(int length) => _text.CutTo(length);

    /// <summary>Ends the content. Closes a document that is not complete, if the format allows that.</summary>
    internal void Finish(List<OutputPart> parts)
    {
        if (!IsComplete)
        {
            if (_text.Close() is not var (length, closing))
                return;
            _text.CutTo(length);
            _text.Add(closing);
        }

        _text.Finish();
        Release(parts);
    }

    private void Release(List<OutputPart> parts)
    {
        if (_text.Release() is { Length: > 0 } text)
            parts.Add(new ContentPart(text));
    }
}

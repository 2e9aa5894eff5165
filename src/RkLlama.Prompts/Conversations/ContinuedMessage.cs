using RkLlama.Prompts.Jinja;

namespace RkLlama.Prompts.Conversations;

/// <summary>
/// An assistant message at the end of a conversation that the answer continues. Templates close each message, so the message is rendered with a mark at the
/// end of its text, and the prompt is cut at the mark.
/// </summary>
/// <param name="conversation">The conversation. Its last message is the continued one.</param>
internal sealed class ContinuedMessage(Conversation conversation)
{
    // The opening tag of the reasoning of nearly all models.
    private const string ReasoningTag = "<think>\n";

    private readonly ChatMessage _message = conversation.Messages[^1];

    // Unpredictable, so that no text of a request contains it.
    private readonly string _mark = Guid.NewGuid().ToString("N");

    /// <summary>The text that the answer continues: the content, or the reasoning if there is no content yet.</summary>
    public string Text => IsReasoning ? _message.Reasoning! : _message.Content!;

    /// <summary>Whether <see cref="Text"/> is reasoning.</summary>
    public bool IsReasoning => string.IsNullOrEmpty(_message.Content);

    /// <summary>Returns the message that the answer continues; null if there is none.</summary>
    public static ContinuedMessage? Of(Conversation conversation) =>
        conversation is { ContinuesLastMessage: true, Messages: [.., { Role: "assistant", HasToolCalls: false } last] }
        && (!string.IsNullOrEmpty(last.Content) || !string.IsNullOrEmpty(last.Reasoning))
            ? new(WithSplitReasoning(conversation, last))
            : null;

    /// <summary>Moves content that is an open block of reasoning to the reasoning, because templates open a block of their own before the content.</summary>
    private static Conversation WithSplitReasoning(Conversation conversation, ChatMessage last)
    {
        string tag = ReasoningTag.TrimEnd();
        bool isOpen = last is { Reasoning: null or "", Content: { } content } && content.AsSpan().TrimStart().StartsWith(tag) && !content.Contains("</think>", StringComparison.Ordinal);
        if (!isOpen)
            return conversation;
        string reasoning = last.Content!.TrimStart()[tag.Length..];
        reasoning = reasoning.StartsWith('\n') ? reasoning[1..] : reasoning;
        return reasoning.Length == 0 ? conversation : conversation with { Messages = [.. conversation.Messages.SkipLast(1), last with { Content = "", Reasoning = reasoning }] };
    }

    /// <inheritdoc cref="RepairingTemplate.Render"/>
    public PromptText Render(RepairingTemplate template, CpuBudget cpu, RenderNotes? notes)
    {
        ChatMessage marked = IsReasoning
            ? _message with { Content = "", Reasoning = _message.Reasoning + _mark }
            : _message with { Content = _message.Content + _mark };
        if (RenderMarked(template, marked, cpu, notes) is { } text)
            return text;

        // The template leaves out the reasoning of earlier messages.
        if (IsReasoning && RenderMarked(template, new("assistant", ReasoningTag + _message.Reasoning + _mark), cpu, notes) is { } asContent)
            return asContent;

        // The template does not write the message. The answer then begins with it.
        if (conversation.Messages.Count == 1)
            throw new TemplateException("the chat template does not write the message that the answer continues");
        Conversation before = conversation with { Messages = [.. conversation.Messages.SkipLast(1)], AddsGenerationPrompt = true };
        PromptText prompt = template.Render(before, cpu, notes);
        bool isOpen = !IsReasoning || prompt.Text.AsSpan().TrimEnd().EndsWith(ReasoningTag.AsSpan().TrimEnd());
        return isOpen ? prompt.AppendRequest(Text) : new PromptText(prompt.Text + ReasoningTag, prompt.RequestSpans).AppendRequest(Text);
    }

    /// <returns>The prompt up to the mark; null if the template does not write the mark, or refuses the conversation.</returns>
    private PromptText? RenderMarked(RepairingTemplate template, ChatMessage marked, CpuBudget cpu, RenderNotes? notes)
    {
        RenderNotes applied = new();
        try
        {
            Conversation closed = conversation with { Messages = [.. conversation.Messages.SkipLast(1), marked], AddsGenerationPrompt = false };
            PromptText text = template.Render(closed, cpu, applied);
            int end = text.Text.LastIndexOf(_mark, StringComparison.Ordinal);
            if (end < 0)
                return null;
            notes?.Add(applied.Repairs, !applied.IsIncomplete);
            return text.Truncate(end);
        }
        catch (TemplateException ex) when (!ex.IsLimit && conversation.Messages.Count > 1)
        {
            return null;
        }
    }
}

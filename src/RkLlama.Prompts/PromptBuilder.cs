using System.Text;

namespace RkLlama.Prompts;

/// <summary>Turns a conversation into the prompt a model was trained on. One per loaded model, used by any number of requests at once.</summary>
/// <param name="systemPrompt">Put in front when the conversation has no system message of its own; empty for none.</param>
public sealed class PromptBuilder(string? systemPrompt)
{
    // Roughly what tokenizers make of ordinary text.
    private const int BytesPerToken = 4;

    /// <summary>Renders the conversation as ChatML, with the header of the answer at its end.</summary>
    public Prompt Build(IReadOnlyList<ChatMessage> messages)
    {
        StringBuilder text = new();
        List<PromptSpan> fromRequest = [];
        if (!string.IsNullOrEmpty(systemPrompt) && !messages.Any(message => message.Role == "system"))
            text.Append("<|im_start|>system\n").Append(systemPrompt).Append("<|im_end|>\n");

        foreach (ChatMessage message in messages)
        {
            text.Append("<|im_start|>").Append(message.Role).Append('\n');
            int start = text.Length;
            text.Append(message.Content);
            if (text.Length > start)
                fromRequest.Add(new(start, text.Length));
            text.Append("<|im_end|>\n");
        }

        text.Append("<|im_start|>assistant\n");
        string rendered = text.ToString();
        int estimate = Math.Max(1, Encoding.UTF8.GetByteCount(rendered) / BytesPerToken);
        return new(new(rendered, fromRequest), null, estimate);
    }
}

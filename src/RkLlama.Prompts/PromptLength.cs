using System.Runtime.InteropServices;
using System.Text.Json;

namespace RkLlama.Prompts;

/// <summary>
/// Computes a lower bound of the number of tokens of a prompt from the lengths of its parts, before the prompt is rendered and encoded. This takes
/// microseconds, whereas encoding megabytes of text takes seconds and hundreds of megabytes of memory.
/// </summary>
/// <param name="longestToken">The length of the longest token, in UTF-16 units.</param>
internal readonly struct PromptLength(int longestToken)
{
    // The longest form of one UTF-16 unit in JSON is an escape such as \u0041.
    private const int MaxJsonBytesPerUnit = 6;

    // Shorter text is never refused here, because encoding it takes little time and gives the exact number of tokens.
    private const int MinLength = 256 * 1024;

    /// <summary>
    /// Refuses a conversation that cannot have <paramref name="maxTokens"/> tokens or fewer, however well its text compresses. Characters that a template or
    /// a normalizer removes, such as white space, count, too.
    /// </summary>
    /// <exception cref="PromptTooLongException">The prompt is longer than the limit.</exception>
    public void Check(Conversation conversation, int maxTokens)
    {
        long length = 0;
        foreach (ChatMessage message in conversation.Messages)
        {
            length += LengthOf(message.Content) + LengthOf(message.Reasoning);
            foreach (ToolCall call in message.ToolCalls ?? [])
                length += LengthOf(call.Name) + LengthOf(call.Arguments);
        }

        foreach (JsonElement tool in conversation.Tools ?? [])
            length += LengthOf(tool);

        Check(length, maxTokens);
    }

    /// <summary>Refuses a text that cannot have <paramref name="maxTokens"/> tokens or fewer.</summary>
    /// <inheritdoc cref="Check(Conversation, int)"/>
    public void Check(string text, int maxTokens) => Check((long)text.Length, maxTokens);

    /// <summary>The maximum length of a text that has <paramref name="maxTokens"/> tokens, in UTF-16 units.</summary>
    public long MaxLength(int maxTokens) => (long)maxTokens * longestToken;

    private void Check(long length, int maxTokens)
    {
        long minTokens = length / longestToken;
        if (length > MinLength && minTokens > maxTokens)
            throw new PromptTooLongException((int)Math.Min(minTokens, int.MaxValue));
    }

    private static int LengthOf(string? text) => text?.Length ?? 0;

    private static int LengthOf(JsonElement json) =>
        json.ValueKind == JsonValueKind.Undefined ? 0 : JsonMarshal.GetRawUtf8Value(json).Length / MaxJsonBytesPerUnit;
}

namespace RkLlama.Prompts.Conversations;

/// <summary>
/// Changes the ids of tool calls to the form that Mistral's templates demand: 9 letters and digits. The new id depends only on the old one, so the prompt of a
/// conversation stays the same in all its later requests.
/// </summary>
internal static class ToolCallIds
{
    private const int Length = 9;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>
    /// Returns the messages with short ids in calls and results. A call without an id gets one. A result without an id gets the id of the call that it answers:
    /// of the first open call of the same function, or of the first open call.
    /// </summary>
    /// <returns>The same list if all ids have this form.</returns>
    public static IReadOnlyList<ChatMessage> Shorten(IReadOnlyList<ChatMessage> messages)
    {
        if (!messages.Any(NeedsChange))
            return messages;
        List<ChatMessage> result = new(messages.Count);
        ToolCall[] calls = [];
        OpenToolCalls? open = null;
        foreach ((int index, ChatMessage message) in messages.Index())
        {
            if (message.HasToolCalls)
            {
                calls = [.. message.ToolCalls!.Select((call, position) => call with { Id = ShortId(call.Id is { Length: > 0 } id ? id : $"{index}/{position}") })];
                open = new(message.ToolCalls!);
                result.Add(message with { ToolCalls = calls });
            }
            else if (message.Role == "tool")
            {
                string id = open?.Answer(message) is { } call ? calls[call].Id! : ShortId(message.ToolCallId is { Length: > 0 } own ? own : $"{index}");
                result.Add(message with { ToolCallId = id });
            }
            else
            {
                result.Add(message);
            }
        }

        return result;
    }

    private static bool NeedsChange(ChatMessage message) =>
        message.ToolCalls?.Any(call => !IsShort(call.Id)) == true || (message.Role == "tool" && !IsShort(message.ToolCallId));

    private static string ShortId(string id)
    {
        if (IsShort(id))
            return id;
        ulong hash = Hash(id);
        return string.Create(Length, hash, static (text, rest) =>
        {
            for (int i = 0; i < text.Length; i++, rest /= (ulong)Alphabet.Length)
                text[i] = Alphabet[(int)(rest % (ulong)Alphabet.Length)];
        });
    }

    /// <summary>FNV-1a with 64 bits, and a final step that spreads the bits of short texts.</summary>
    private static ulong Hash(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (char character in text)
            hash = unchecked((hash ^ character) * 1099511628211);
        hash = unchecked((hash ^ (hash >> 32)) * 0x9E3779B97F4A7C15);
        return hash ^ (hash >> 29);
    }

    private static bool IsShort(string? id) => id is { Length: Length } && id.All(char.IsAsciiLetterOrDigit);
}

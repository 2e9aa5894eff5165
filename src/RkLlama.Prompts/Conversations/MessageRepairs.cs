namespace RkLlama.Prompts.Conversations;

/// <summary>
/// Changes to the turns of a conversation. Each method returns the same list if nothing has to be changed. All take a time that grows with the number of
/// messages and the length of their text.
/// </summary>
internal static class MessageRepairs
{
    // The text between two messages that become one.
    private const string Separator = "\n\n";

    /// <summary>Joins all system messages and puts them at the beginning of the first user message. If there is none, adds one.</summary>
    public static IReadOnlyList<ChatMessage> MergeSystemIntoUser(IReadOnlyList<ChatMessage> messages)
    {
        if (!messages.Any(IsSystem))
            return messages;
        string system = string.Join(Separator, messages.Where(IsSystem).Select(message => message.Content));
        List<ChatMessage> others = [.. messages.Where(message => !IsSystem(message))];
        int user = others.FindIndex(message => message.Role == "user");
        if (user < 0)
            others.Insert(0, new("user", system));
        else
            others[user] = others[user] with { Content = Join(system, others[user].Content) };
        return others;
    }

    /// <summary>Gives the tools to the first system message. If there is none, adds an empty one.</summary>
    public static TemplateInput PutToolsInSystem(TemplateInput input) =>
        (input.Messages.Any(IsSystem) ? input : input.With([new("system", ""), .. input.Messages])) with { HasToolsInSystem = true };

    /// <summary>Replaces absent content by an empty text.</summary>
    public static IReadOnlyList<ChatMessage> FillContent(IReadOnlyList<ChatMessage> messages) =>
        messages.Any(message => message.Content is null) ? [.. messages.Select(message => message with { Content = message.Content ?? "" })] : messages;

    /// <summary>
    /// Joins the system messages at the beginning to one. Puts each later one at the beginning of the next user message. If no user message follows, the system
    /// message becomes one.
    /// </summary>
    public static IReadOnlyList<ChatMessage> MoveSystemToUser(IReadOnlyList<ChatMessage> messages)
    {
        List<ChatMessage> result = [];
        List<string?> waiting = [];
        foreach (ChatMessage message in messages)
        {
            if (IsSystem(message))
            {
                if (result.Count == 0)
                    result.Add(message);
                else if (result.Count == 1 && IsSystem(result[0]) && waiting.Count == 0)
                    result[0] = result[0] with { Content = Join(result[0].Content, message.Content) };
                else
                    waiting.Add(message.Content);
                continue;
            }

            bool takes = message.Role == "user" && waiting.Count > 0;
            result.Add(takes ? message with { Content = Join(string.Join(Separator, waiting), message.Content) } : message);
            if (takes)
                waiting.Clear();
        }

        if (waiting.Count > 0)
            result.Add(new("user", string.Join(Separator, waiting)));
        return result.Count == messages.Count && result.SequenceEqual(messages, ReferenceEqualityComparer.Instance) ? messages : result;
    }

    /// <summary>If all messages are system messages, makes one user message of them.</summary>
    public static IReadOnlyList<ChatMessage> MakeSystemUser(IReadOnlyList<ChatMessage> messages) =>
        messages.All(IsSystem) ? MergeSystemIntoUser(messages) : messages;

    /// <summary>If the first message that is not a system message comes from the assistant, adds an empty user message before it.</summary>
    public static IReadOnlyList<ChatMessage> StartWithUser(IReadOnlyList<ChatMessage> messages)
    {
        List<ChatMessage> result = [.. messages];
        int first = result.FindIndex(message => !IsSystem(message));
        if (first < 0 || result[first].Role != "assistant")
            return messages;
        result.Insert(first, new("user", ""));
        return result;
    }

    /// <summary>
    /// Joins consecutive messages of the same role. Tool results stay separate, and so do assistant messages if the first of the two has tool calls.
    /// </summary>
    public static IReadOnlyList<ChatMessage> JoinNeighbours(IReadOnlyList<ChatMessage> messages)
    {
        List<ChatMessage> result = [];
        for (int i = 0; i < messages.Count;)
        {
            int end = i + 1;
            while (end < messages.Count && IsOneTurn(messages[end - 1], messages[end]))
                end++;
            result.Add(end == i + 1 ? messages[i] : JoinAll([.. messages.Skip(i).Take(end - i)]));
            i = end;
        }

        return result.Count == messages.Count ? messages : result;
    }

    private static bool IsOneTurn(ChatMessage message, ChatMessage next) =>
        message.Role == next.Role && message.Role != "tool" && !message.HasToolCalls;

    private static ChatMessage JoinAll(ChatMessage[] messages)
    {
        string[] reasoning = [.. messages.Select(message => message.Reasoning).OfType<string>()];
        string[] content = [.. messages.Select(message => message.Content).Where(text => !string.IsNullOrEmpty(text)).OfType<string>()];
        return messages[^1] with
        {
            Content = content.Length > 0 ? string.Join(Separator, content) : messages[^1].Content,
            Reasoning = reasoning.Length > 0 ? string.Join(Separator, reasoning) : null,
        };
    }

    private static string Join(string? first, string? second) =>
        string.IsNullOrEmpty(second) ? first ?? "" : string.IsNullOrEmpty(first) ? second : $"{first}{Separator}{second}";

    private static bool IsSystem(ChatMessage message) => message.Role == "system";
}

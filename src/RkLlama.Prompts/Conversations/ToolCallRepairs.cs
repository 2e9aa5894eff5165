using System.Runtime.InteropServices;
using System.Text.Json;

namespace RkLlama.Prompts.Conversations;

/// <summary>Changes to the tool calls of a conversation. Each method returns the same list if nothing has to be changed.</summary>
internal static class ToolCallRepairs
{
    private static readonly JsonElement _noArguments = JsonElement.Parse("{}");

    /// <summary>Replaces absent arguments by an empty object: JSON null, no value, or a text that is blank or <c>null</c>.</summary>
    public static IReadOnlyList<ChatMessage> FillArguments(IReadOnlyList<ChatMessage> messages) =>
        messages.Any(message => message.ToolCalls?.Any(LacksArguments) == true)
            ? [.. messages.Select(message => message.HasToolCalls
                ? message with { ToolCalls = [.. message.ToolCalls!.Select(call => LacksArguments(call) ? call with { Arguments = _noArguments } : call)] }
                : message)]
            : messages;

    /// <summary>
    /// Gives each tool call its own assistant message, with its result directly behind it. Content and reasoning stay in the first of these messages.
    /// </summary>
    public static IReadOnlyList<ChatMessage> SplitCalls(IReadOnlyList<ChatMessage> messages)
    {
        if (!messages.Any(message => message.ToolCalls is { Count: > 1 }))
            return messages;
        List<ChatMessage> result = [];
        for (int i = 0; i < messages.Count; i++)
        {
            if (messages[i].ToolCalls is not { Count: > 1 } calls)
            {
                result.Add(messages[i]);
                continue;
            }

            OpenToolCalls open = new(calls);
            List<ChatMessage>[] results = [.. calls.Select(_ => new List<ChatMessage>())];
            List<ChatMessage> others = [];
            int first = i;
            for (; i + 1 < messages.Count && messages[i + 1].Role == "tool"; i++)
                (open.Answer(messages[i + 1]) is { } index ? results[index] : others).Add(messages[i + 1]);
            foreach ((int index, ToolCall call) in calls.Index())
            {
                result.Add(index == 0 ? messages[first] with { ToolCalls = [call] } : new("assistant", "") { ToolCalls = [call] });
                result.AddRange(results[index]);
            }

            result.AddRange(others);
        }

        return result;
    }

    /// <summary>
    /// Writes tool calls and their results as text: the calls into the content of the assistant message, the results as user messages. For templates that know
    /// no tools.
    /// </summary>
    public static IReadOnlyList<ChatMessage> WriteAsText(IReadOnlyList<ChatMessage> messages)
    {
        if (!messages.Any(message => message.HasToolCalls || message.Role == "tool"))
            return messages;
        return MessageRepairs.JoinNeighbours([.. messages.Select(static message =>
        {
            if (message.Role == "tool")
                return new ChatMessage("user", GenericTools.Result(message.Content ?? ""));
            if (!message.HasToolCalls)
                return message;
            string calls = GenericTools.Calls(message.ToolCalls!);
            return message with { Content = string.IsNullOrEmpty(message.Content) ? calls : $"{message.Content}\n{calls}", ToolCalls = null };
        })]);
    }

    private static bool LacksArguments(ToolCall call) => call.Arguments.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => true,
        JsonValueKind.String => JsonMarshal.GetRawUtf8Value(call.Arguments)[1..^1].Trim(" "u8) is [] or [(byte)'n', (byte)'u', (byte)'l', (byte)'l'],
        _ => false,
    };
}

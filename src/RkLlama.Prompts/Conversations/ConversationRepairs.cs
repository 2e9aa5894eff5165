using System.Text.Json;

namespace RkLlama.Prompts.Conversations;

/// <summary>All repairs, in the order in which they are applied and tried.</summary>
internal static class ConversationRepairs
{
    public const string MergesSystem = "system messages merged into the first user message";

    // Words that no template contains.
    private const string First = "9f2c61";
    private const string Second = "4d07be";

    // The form that the strictest known templates demand.
    private const string ShortId = "a1B2c3D4e";
    private const string OtherShortId = "f5G6h7I8j";

    private static readonly JsonElement _tool = JsonElement.Parse(
        """{"type": "function", "function": {"name": "look", "description": "d", "parameters": {"type": "object", "properties": {"k": {"type": "string", "description": "d"}}}}}""");

    private static readonly JsonElement _describedTool = JsonElement.Parse(
        """{"type": "function", "function": {"name": "look", "description": "#", "parameters": {"type": "object", "properties": {"k": {"type": "string", "description": "d"}}}}}"""
            .Replace("#", First, StringComparison.Ordinal));

    private static readonly ChatMessage _user = new("user", "x");

    public static IReadOnlyList<ConversationRepair> All { get; } =
    [
        new(
            "content as parts",
            input => input with { HasContentParts = true },
            // If the template writes the list of parts as a Python list, it does not support parts.
            Probe([new("user", First)], [First], [$"'text': '{First}'"])),
        new(
            "arguments as text",
            input => input.Messages.Any(message => message.HasToolCalls) ? input with { HasTextArguments = true } : input,
            // A dict that is written as Python text is not JSON.
            Probe([_user, Calls("", Call(ShortId, First)), Result(ShortId, "r")], [First], [$"'k': '{First}'"])),
        new(
            "tools in the system message",
            input => input.Conversation.Tools is { Count: > 0 } && !input.HasToolsInSystem ? MessageRepairs.PutToolsInSystem(input) : input,
            new RepairProbe(new([_user]) { Tools = [_describedTool] }, [First], []) { MayBeRefused = false }),
        new("absent descriptions of tools and parameters as empty text", ToolDescriptions.Fill),
        ConversationRepair.OfMessages(
            "later system messages merged into the next user message",
            MessageRepairs.MoveSystemToUser,
            Probe([_user, new("assistant", "y"), new("system", First), _user], [First]),
            Probe([new("system", First), new("system", Second), _user], [First, Second])),
        ConversationRepair.OfMessages(
            MergesSystem,
            MessageRepairs.MergeSystemIntoUser,
            Probe([new("system", First), _user], [First])),
        ConversationRepair.OfMessages(
            "absent content as empty text",
            MessageRepairs.FillContent,
            Probe([_user, Calls(null, Call(ShortId, First)), Result(ShortId, "r")], [], ["None"]),
            Probe([_user, Calls(null, Call(ShortId, First))], [], ["None"]) with { MayBeRefused = false }),
        ConversationRepair.OfMessages(
            "absent arguments as an empty object",
            ToolCallRepairs.FillArguments,
            Probe([_user, Calls("", new ToolCall(ShortId, "look", JsonElement.Parse("null"))), Result(ShortId, "r")], [], ["None", "null"])),
        ConversationRepair.OfMessages(
            "short ids of tool calls",
            ToolCallIds.Shorten,
            Probe([_user, Calls("", Call("call_0123456789abcdefghijklmn", First)), Result("call_0123456789abcdefghijklmn", "r")], [])),
        ConversationRepair.OfMessages(
            "one tool call per message",
            ToolCallRepairs.SplitCalls,
            Probe(
                [_user, Calls("", Call(ShortId, First), Call(OtherShortId, Second)), Result(ShortId, "r"), Result(OtherShortId, "s")],
                [First, Second])),
        ConversationRepair.OfMessages(
            "system message as user message",
            MessageRepairs.MakeSystemUser,
            Probe([new("system", First)], [First])),
        ConversationRepair.OfMessages(
            "empty user message at the start",
            MessageRepairs.StartWithUser,
            Probe([new("assistant", First), _user], [First])),
        ConversationRepair.OfMessages(
            "consecutive messages of one role joined",
            MessageRepairs.JoinNeighbours,
            Probe([new("user", First), new("user", Second), new("assistant", "y"), new("assistant", "z"), _user], [First, Second])),
        // The last one, because it gives up the template's own format of tool calls.
        ConversationRepair.OfMessages(
            "tool calls and results as text",
            ToolCallRepairs.WriteAsText,
            Probe([_user, Calls("", Call(ShortId, First)), _user], [First]) with { MayBeRefused = false },
            Probe([_user, Calls("", Call(ShortId, First)), Result(ShortId, Second)], [First, Second])),
    ];

    private static RepairProbe Probe(IReadOnlyList<ChatMessage> messages, IReadOnlyList<string> expected, params IReadOnlyList<string> unwanted) => new(
        new(messages) { Tools = messages.Any(message => message.HasToolCalls) ? [_tool] : null }, expected, unwanted);

    private static ChatMessage Calls(string? content, params ToolCall[] calls) => new("assistant", content) { ToolCalls = calls };

    private static ToolCall Call(string id, string argument) => new(id, "look", JsonElement.Parse($$"""{"k": "{{argument}}"}"""));

    private static ChatMessage Result(string id, string text) => new("tool", text) { ToolCallId = id, Name = "look" };
}

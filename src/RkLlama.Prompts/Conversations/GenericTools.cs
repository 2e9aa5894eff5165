using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RkLlama.Prompts.Conversations;

/// <summary>
/// The prompt for tools of models whose chat template has none. It uses the tags of the Hermes format, in which many models have seen tool calls.
/// </summary>
internal static class GenericTools
{
    /// <summary>The instruction between the list of the tools and the conversation. It shows how the model writes a call.</summary>
    private const string Instruction =
        "To call a function, write one JSON object between these tags, and nothing behind it:\n"
        + "<tool_call>\n{\"name\": <name of the function>, \"arguments\": <object with its arguments>}\n</tool_call>\n"
        + "The result comes between <tool_response> tags. If no function is needed, answer without a call.";

    private const string Introduction = "You can call functions. Each line between the <tools> tags describes one of them as JSON:";

    /// <summary>The constant parts of the description, which show the format of a call.</summary>
    public const string Source = Introduction + "\n<tools>\n</tools>\n" + Instruction;

    /// <summary>
    /// Returns the conversation without tools. A system message describes them instead, and calls and results are text.
    /// </summary>
    public static Conversation Describe(Conversation conversation)
    {
        IReadOnlyList<ChatMessage> messages = ToolCallRepairs.WriteAsText(conversation.Messages);
        if (conversation.Tools is not { Count: > 0 } tools)
            return conversation with { Messages = messages };
        StringBuilder text = new();
        if (messages is [{ Role: "system", Content: { Length: > 0 } own }, ..])
            text.Append(own).Append("\n\n");
        text.Append(Introduction).Append("\n<tools>\n");
        foreach (JsonElement tool in tools)
            text.Append(tool.GetRawText().ReplaceLineEndings(" ")).Append('\n');
        text.Append("</tools>\n").Append(Instruction);
        IEnumerable<ChatMessage> others = messages is [{ Role: "system" }, ..] ? messages.Skip(1) : messages;
        return conversation with { Messages = [new("system", text.ToString()), .. others], Tools = null };
    }

    /// <summary>Writes tool calls as the model is asked to write them.</summary>
    public static string Calls(IReadOnlyList<ToolCall> calls) => string.Join('\n', calls.Select(static call =>
        $"<tool_call>\n{{\"name\": \"{JsonEncodedText.Encode(call.Name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\", \"arguments\": {ToolArguments.AsJson(call.Arguments)}}}\n</tool_call>"));

    /// <summary>Writes the descriptions of the functions as a JSON array in one line, without the object around each of them.</summary>
    public static string FunctionsAsJson(IReadOnlyList<JsonElement> tools) => $"[{string.Join(", ", tools.Select(static tool =>
        (tool.ValueKind == JsonValueKind.Object && tool.TryGetProperty("function", out JsonElement function) ? function : tool).GetRawText().ReplaceLineEndings(" ")))}]";

    /// <summary>Writes the result of a call.</summary>
    public static string Result(string content) => $"<tool_response>\n{content}\n</tool_response>";
}

using System.Text;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Anthropic.Messages;

/// <summary>
/// Converts the fields <c>system</c> and <c>messages</c> into chat messages. A message of the user may become several: each result of a tool is a message of its
/// own. Not thread-safe: one request uses it.
/// </summary>
internal sealed class MessagesInput
{
    private readonly List<ChatMessage> _messages = [];
    private readonly SortedSet<string> _skipped = new(StringComparer.Ordinal);
    private readonly BlockReader _blocks;

    // The names of the called tools by the id of the call, because a result has only the id.
    private readonly Dictionary<string, string> _tools = new(StringComparer.Ordinal);

    private MessagesInput(UnreadableContent unreadable) => _blocks = new(unreadable);

    internal IReadOnlyList<ChatMessage> Messages => _messages;

    /// <summary>Names of the blocks that were left out, for the response header.</summary>
    internal IEnumerable<string> Ignored => [.. _skipped.Select(static type => $"messages.{type}"), .. _blocks.Omitted];

    /// <exception cref="ApiException">Status 400: a message is missing or has a wrong value, or the messages take too long to read.</exception>
    internal static MessagesInput Read(MessagesBody body, CpuBudget cpu)
    {
        if (body.Messages is not { Length: > 0 } messages)
            throw ApiException.BadRequest($"messages is {(body.Messages is null ? "missing" : "empty")}: send at least one message.", "messages");
        MessagesInput read = new(new UnreadableContent(NewestTurn(messages)));
        if (body.System is { } system && read._blocks.SystemOf(system, "system") is { Length: > 0 } text)
            read._messages.Add(new("system", text));
        foreach ((int index, AnthropicMessageBody? message) in messages.Index())
        {
            string at = $"messages[{index}]";
            if (cpu.IsExceeded())
                throw ApiException.BadRequest("messages takes too long to read: send fewer messages.", "messages");
            if (message is null)
                throw ApiException.BadRequest($"{at} must be an object with role and content.", "messages");
            read.Read(message, at, index);
        }

        return read;
    }

    /// <summary>Returns the index of the last message of the user that is more than results of tools.</summary>
    private static int NewestTurn(AnthropicMessageBody?[] messages)
    {
        int newest = Array.FindLastIndex(messages, static message => message?.Role == "user"
            && (message.Content.ValueKind != JsonValueKind.Array || message.Content.EnumerateArray().Any(static block => BlockReader.TypeOf(block) != "tool_result")));
        return Math.Max(0, newest);
    }

    private void Read(AnthropicMessageBody message, string at, int index)
    {
        if (message.Content.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            throw ApiException.BadRequest($"{at}.content is missing.", "messages");
        switch (message.Role)
        {
            case "user":
                ReadUser(message.Content, $"{at}.content", index);
                break;
            case "assistant":
                ReadAssistant(message.Content, $"{at}.content");
                break;
            case "system":
                _messages.Add(new("system", _blocks.SystemOf(message.Content, $"{at}.content")));
                break;
            default:
                throw ApiException.BadRequest($"{at}.role is '{Excerpt.Of(message.Role)}': use user, assistant or system.", "messages");
        }
    }

    private void ReadUser(JsonElement content, string path, int index)
    {
        List<string> texts = [];
        int before = _messages.Count;
        foreach ((string at, AnthropicBlockBody block) in BlockReader.Read(content, path))
        {
            if (block.Type != "tool_result")
            {
                if (_blocks.TextOf(block, at, index) is { } text)
                    texts.Add(text);
                continue;
            }

            // The results answer the assistant's message before, so they come before the texts of this message.
            string id = Require(block.ToolUseId, "tool_use_id", at);
            string result = block.Content is { } given ? _blocks.ResultOf(given, $"{at}.content", index) : "";
            _messages.Add(new("tool", block.IsError == true ? $"Error: {result}" : result) { ToolCallId = id, Name = _tools.GetValueOrDefault(id) });
        }

        if (texts.Count > 0 || _messages.Count == before)
            _messages.Add(new("user", BlockReader.Join(texts)));
    }

    private void ReadAssistant(JsonElement content, string path)
    {
        StringBuilder text = new(), thinking = new();
        List<ToolCall> calls = [];
        foreach ((string at, AnthropicBlockBody block) in BlockReader.Read(content, path))
        {
            switch (block.Type)
            {
                case "text":
                    text.Append(Require(block.Text, "text", at, mayBeEmpty: true));
                    break;
                case "thinking":
                    thinking.Append(block.Thinking);
                    break;
                case "redacted_thinking":
                    break;
                case "tool_use":
                    calls.Add(CallOf(block, at));
                    break;
                default:
                    _skipped.Add(block.Type);
                    break;
            }
        }

        _messages.Add(new("assistant", text.Length == 0 && calls.Count > 0 ? null : text.ToString())
        {
            ToolCalls = calls.Count > 0 ? calls : null,
            Reasoning = thinking.Length > 0 ? thinking.ToString() : null,
        });
    }

    private ToolCall CallOf(AnthropicBlockBody block, string at)
    {
        string id = Require(block.Id, "id", at), name = Require(block.Name, "name", at);
        _tools[id] = name;
        return new(id, name, block.Input ?? default);
    }

    private static string Require(string? text, string name, string at, bool mayBeEmpty = false) =>
        text is { Length: > 0 } || (text is not null && mayBeEmpty) ? text : throw ApiException.BadRequest($"{at}.{name} is missing.", "messages");
}

using System.Text.Json;
using RkLlama.Output.Text;
using RkLlama.Prompts;

namespace RkLlama.Output.StructuredJson;

/// <summary>The JSON that an answer has to be.</summary>
/// <param name="Schema">Null for any object.</param>
/// <param name="IsStrict">An answer that does not fit the schema is none; otherwise it only ought to fit.</param>
internal sealed record OutputFormat(JsonSchema? Schema, bool IsStrict)
{
    internal static OutputFormat AnyObject { get; } = new(null, true);

    /// <summary>The field of the request that asks for it.</summary>
    internal string Parameter { get; init; } = "format";

    /// <summary>
    /// The conversation with the wish in words, at the end of the last user's turn, where small models heed it most: the runtime knows no grammar that
    /// could hold the model to it.
    /// </summary>
    internal Conversation Instruct(Conversation conversation)
    {
        string wish = Schema is null
            ? "Answer with one JSON object and nothing else: no explanation, no Markdown."
            : $"Answer with JSON and nothing else: no explanation, no Markdown. It has to be valid against this JSON schema:\n{CompactJson.Of(Schema.Root.GetRawText())}";
        List<ChatMessage> messages = [.. conversation.Messages];
        int last = messages.FindLastIndex(static message => message.Role == "user");
        if (last >= 0)
            messages[last] = messages[last] with { Content = $"{messages[last].Content}\n\n{wish}" };
        else
            messages.Add(new("user", wish));
        return conversation with { Messages = messages };
    }

    /// <summary>The conversation that asks once more, without thoughts: the model has them behind it.</summary>
    internal static Conversation AskAgain(Conversation conversation, string reply, string problem) => conversation with
    {
        Messages =
        [
            .. conversation.Messages,
            new("assistant", reply),
            new("user", $"That is not right: {problem}. Answer again, with the corrected JSON and nothing else."),
        ],
        EnableThinking = false,
    };

    /// <summary>Looks at a reply.</summary>
    /// <param name="json">The JSON in it, mended where need be; null where there is none.</param>
    /// <returns>What is wrong with it; null for nothing.</returns>
    internal string? Problem(string reply, out string? json)
    {
        json = JsonRepair.Find(reply);
        if (json is null)
            return "it is not JSON";
        using JsonDocument document = JsonDocument.Parse(json);
        if (Schema is not null)
            return Schema.Check(document.RootElement) is { Count: > 0 } problems ? string.Join("; ", problems) : null;
        return document.RootElement.ValueKind == JsonValueKind.Object ? null : "it is not a JSON object";
    }
}

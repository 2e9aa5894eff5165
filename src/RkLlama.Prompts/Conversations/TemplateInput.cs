namespace RkLlama.Prompts.Conversations;

/// <summary>A conversation and the form in which a template gets it.</summary>
internal sealed record TemplateInput(Conversation Conversation)
{
    /// <summary>Whether the content of a message is a list with one text part. If false, it is a string.</summary>
    public bool HasContentParts { get; init; }

    /// <summary>Whether the arguments of tool calls are a string with JSON. If false, they are a dict.</summary>
    public bool HasTextArguments { get; init; }

    /// <summary>Whether the first system message has the tools, as JSON in its member <c>tools</c>.</summary>
    public bool HasToolsInSystem { get; init; }

    public IReadOnlyList<ChatMessage> Messages => Conversation.Messages;

    public TemplateInput With(IReadOnlyList<ChatMessage> messages) => this with { Conversation = Conversation with { Messages = messages } };
}

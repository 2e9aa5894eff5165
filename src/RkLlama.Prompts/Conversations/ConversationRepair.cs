namespace RkLlama.Prompts.Conversations;

/// <summary>A change to a conversation that a template may need, because it refuses the conversation as it is or leaves parts of it out.</summary>
/// <param name="Name">The name for the log.</param>
/// <param name="Apply">Returns the changed input; the same object if there is nothing to change.</param>
/// <param name="Probes">Show whether a template needs the change.</param>
internal sealed record ConversationRepair(string Name, Func<TemplateInput, TemplateInput> Apply, params IReadOnlyList<RepairProbe> Probes)
{
    /// <summary>Creates a repair that changes messages.</summary>
    public static ConversationRepair OfMessages(
        string name, Func<IReadOnlyList<ChatMessage>, IReadOnlyList<ChatMessage>> apply, params IReadOnlyList<RepairProbe> probes) => new(
        name,
        input => apply(input.Messages) is var messages && ReferenceEquals(messages, input.Messages) ? input : input.With(messages),
        probes);
}

/// <summary>A small conversation whose rendering shows whether a template needs a repair.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Expected">The texts that a complete rendering contains.</param>
/// <param name="Unwanted">The texts that show that the template wrote a value in a wrong form.</param>
internal sealed record RepairProbe(Conversation Conversation, IReadOnlyList<string> Expected, IReadOnlyList<string> Unwanted)
{
    /// <summary>
    /// Whether a template that refuses the probe needs the repair. If false, only one that leaves out a part of it does: the probe is a conversation that is not
    /// valid for many templates, although they support its parts in other conversations.
    /// </summary>
    public bool MayBeRefused { get; init; } = true;

    /// <summary>The score of a complete rendering.</summary>
    public int BestScore => Expected.Count;

    /// <summary>Rates a rendering: the number of texts that it should contain and does, minus the number of those that it contains and should not.</summary>
    public int Score(string rendering) =>
        Expected.Count(text => rendering.Contains(text, StringComparison.Ordinal)) - Unwanted.Count(text => rendering.Contains(text, StringComparison.Ordinal));
}

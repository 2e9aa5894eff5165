namespace RkLlama.Output.Reasoning;

/// <summary>The tags of all known model families.</summary>
internal static class ReasoningTags
{
    /// <summary>The words of tags that also occur in prompts which ask for an answer in a certain form.</summary>
    private static readonly string[] Words = ["reason", "thoughts", "scratch_pad", "scratchpad", "analysis", "reflection"];

    /// <summary>
    /// The table. If a template mentions several pairs, the first one counts. Each tag starts with a character that does not occur again in it, and no tag is
    /// the beginning of another one.
    /// </summary>
    internal static IReadOnlyList<ReasoningTag> All { get; } =
    [
        new("<think>", "</think>"), // DeepSeek R1, Qwen 3, GLM-4.5, SmolLM 3, EXAONE 4, Hunyuan, Nemotron
        new("<seed:think>", "</seed:think>"),
        new("<mm:think>", "</mm:think>"), // MiniMax
        new("<longcat_think>", "</longcat_think>"),
        new("<|START_THINKING|>", "<|END_THINKING|>"), // Command R
        new("◁think▷", "◁/think▷"), // Kimi
        new("<|thought_start|>", "<|thought_end|>"), // MiniCPM 3
        new("<|begin_of_thought|>", "<|end_of_thought|>"),
        new("[THINK]", "[/THINK]"), // Magistral
        new("<|channel>", "<channel|>") { Headers = ["thought\n"] }, // Gemma 4
        new("<|channel|>", "<|end|>", "<|/channel|>", "</|channel|>", "<|channel|>") // gpt-oss
        {
            Headers = ["analysis<|message|>", "thought<|message|>", "<|message|>"],
            ContentHeaders = ["final<|message|>", "commentary<|message|>"],
            PreambleHeader = "commentary<|message|>",
            CallHeaders = ["commentary to=", "analysis to="],
            Separator = "<|start|>assistant",
        },
        new("<unused94>", "<unused95>") { Headers = ["thought\n"] }, // MedGemma
        new("<thought>", "</thought>"), // EXAONE Deep
        new("<|thinking|>", "<|/thinking|>", "</|thinking|>"),
        new("<|think|>", "<|/think|>", "</|think|>"),
        new("<thinking>", "</thinking>"),
        new("<reasoning>", "</reasoning>"),
        new("Here is my thought process:", "Here is my response:", "Here's my response:") { IsPhrase = true }, // Granite 3.2
        new("Here's my thought process:", "Here's my response:", "Here is my response:") { IsPhrase = true },
        .. Words.Select(static word => new ReasoningTag($"<{word}>", $"</{word}>") { IsWord = true }),
        .. Capitals("think", "thinking", "thought", "reasoning"),
    ];

    /// <summary>The closing tags that may end the reasoning of another pair: models mix the pairs of several families.</summary>
    internal static IReadOnlyList<string> CommonClosers { get; } =
        [.. All.SelectMany(static tag => tag.Closers).Where(static close => close.StartsWith("</", StringComparison.Ordinal)).Distinct()];

    /// <summary>The start of an assistant's turn, which some models write again before their answer.</summary>
    /// <remarks>The headers of Llama 3 and Granite have two tokens. Each of them is a text of its own.</remarks>
    internal static IReadOnlyList<string> TurnStarts { get; } =
    [
        "<|im_start|>assistant", "<|start|>assistant", "<|assistant|>", "<start_of_turn>model", "<｜Assistant｜>", "<|start_header_id|>assistant", "<|end_header_id|>",
        "<|start_of_role|>assistant", "<|end_of_role|>",
    ];

    /// <summary>Returns the closing tags of a pair, and, if they look alike, those of other pairs.</summary>
    internal static string[] ClosersOf(ReasoningTag tag) => [.. CommonClosers.Contains(tag.Closers[0]) ? tag.Closers.Union(CommonClosers) : tag.Closers];

    /// <summary>Returns the opening tags that count at the start of an answer.</summary>
    /// <param name="modelTag">The pair of the model; null if it is not known.</param>
    internal static IEnumerable<string> OpenTags(ReasoningTag? modelTag) =>
        All.Where(tag => !tag.IsPhrase || modelTag?.IsPhrase == true).Select(static tag => tag.Open);

    /// <summary>Returns the pair whose opening tag is the end of the prompt, or else the pair that the template mentions; null if there is none.</summary>
    internal static ReasoningTag? Find(string templateSource, string prompt) => FindAtEnd(prompt) ?? Find(templateSource);

    /// <summary>Returns the pair that a chat template mentions; null if it mentions none.</summary>
    internal static ReasoningTag? Find(string templateSource) => All.FirstOrDefault(tag =>
        templateSource.Contains(tag.Open, StringComparison.Ordinal) || templateSource.Contains(tag.Closers[0], StringComparison.Ordinal));

    /// <summary>Returns the pair whose opening tag is the end of the prompt; null if there is none.</summary>
    internal static ReasoningTag? FindAtEnd(ReadOnlySpan<char> prompt)
    {
        ReadOnlySpan<char> end = prompt.TrimEnd();
        foreach (ReasoningTag tag in All)
        {
            if (end.EndsWith(tag.Open, StringComparison.Ordinal))
                return tag;
        }

        return null;
    }

    /// <summary>Returns the pair whose last opening tag in the text has no closing tag behind it; null if there is none.</summary>
    internal static ReasoningTag? FindOpen(string text) => All.FirstOrDefault(tag =>
        text.LastIndexOf(tag.Open, StringComparison.Ordinal) is >= 0 and var open
        && tag.Closers.All(close => text.IndexOf(close, open + tag.Open.Length, StringComparison.Ordinal) < 0));

    /// <summary>
    /// Returns the tags of words that a text mentions. If the prompt mentions such a tag, it may have asked for an answer with the tag, which is content then.
    /// </summary>
    internal static IReadOnlySet<string> MentionedIn(string prompt) => All.Where(static tag => tag.IsWord).Select(static tag => tag.Open)
        .Concat(AnswerTag.All.Where(static tag => tag.IsWord).Select(static tag => tag.Open))
        .Where(open => prompt.Contains(open, StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);

    /// <summary>Returns the pairs with a capital first letter, and in capitals.</summary>
    private static IEnumerable<ReasoningTag> Capitals(params string[] words)
    {
        foreach (string word in words)
        {
            foreach (string form in (string[])[char.ToUpperInvariant(word[0]) + word[1..], word.ToUpperInvariant()])
                yield return new($"<{form}>", $"</{form}>");
        }
    }
}

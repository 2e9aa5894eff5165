namespace RkLlama.Output.Reasoning;

/// <summary>A pair of tags that a model writes around its answer, after its reasoning.</summary>
/// <param name="IsWord">Whether the tag also occurs in prompts that ask for an answer in a certain form. Such a tag counts only after reasoning.</param>
internal sealed record AnswerTag(string Open, string Close, bool IsWord = false)
{
    internal static IReadOnlyList<AnswerTag> All { get; } =
    [
        new("<|START_RESPONSE|>", "<|END_RESPONSE|>"), // Command R
        new("<|START_TEXT|>", "<|END_TEXT|>"), // Command A
        new("<|begin_of_solution|>", "<|end_of_solution|>"), // Sky-T1
        new(">>>all\n", ">>>"), // Functionary
        new("<answer>", "</answer>", IsWord: true),
        new("<response>", "</response>", IsWord: true),
    ];
}

using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using RkLlama.Output.Reasoning;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests;

/// <summary>
/// Random answers in random cuts. The number of answers is 2,000, or the value of the environment variable RKLLAMA_FUZZ_ANSWERS.
/// </summary>
public sealed partial class OutputPipelineFuzzTests
{
    private static readonly HashSet<string> Tools = ["get_weather", "ping"];

    private static int Answers =>
        int.TryParse(Environment.GetEnvironmentVariable("RKLLAMA_FUZZ_ANSWERS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 2000;

    [Fact]
    public void No_text_is_lost_doubled_or_reordered_and_no_cut_changes_the_result()
    {
        Random random = new(20);
        AnswerFuzzer fuzzer = new(random);

        for (int i = 0; i < Answers; i++)
        {
            string answer = fuzzer.Next();
            OutputPipelineSettings settings = Settings(random);

            PipelineResult whole = Pipeline.Run(settings, answer);

            PipelineResult cut = Pipeline.Run(settings, Pipeline.RandomTokens(answer, random));
            cut.Should().BeEquivalentTo(whole, "the answer is {0}", answer);
            string expected = Words(answer), found = Words(InOrder(settings, answer));
            found.Should().Be(expected, "the answer is {0}", answer);
            if (whole.Calls.Count == 0 && !settings.SplitsReasoning)
                whole.Content.Should().Be(answer);
        }
    }

    [Fact]
    public void Special_tokens_are_never_content_in_any_answer()
    {
        Random random = new(21);
        AnswerFuzzer fuzzer = new(random);

        for (int i = 0; i < Answers; i++)
        {
            string answer = fuzzer.Next();
            OutputPipelineSettings settings = Settings(random);
            OutputPipeline pipeline = new(settings);
            List<OutputPart> parts = [];

            foreach (string token in Regex.Split(answer, @"(<[^<>\s]*>|\[[A-Z_]+\])"))
                pipeline.Add(new(token, SpecialToken.IsMatch(token) ? OutputTokenKind.Special : OutputTokenKind.Text), parts);
            pipeline.Finish(parts);

            string text = string.Concat(parts.Select(static part => (part as ContentPart)?.Text ?? (part as ReasoningPart)?.Text));
            string ordinary = Regex.Replace(answer, @"<[^<>\s]*>|\[[A-Z_]+\]", static token => SpecialToken.IsMatch(token.Value) ? "" : token.Value);
            IsSubsequence(text, ordinary).Should().BeTrue("the answer is {0} and its text {1}", answer, text);
        }
    }

    private static OutputPipelineSettings Settings(Random random) => new()
    {
        Tools = random.Next(5) == 0 ? null : random.Next(3) == 0 ? ToolFamilies.Unknown : ToolFamilies.All[random.Next(ToolFamilies.All.Count)],
        ToolNames = Tools,
        SplitsReasoning = random.Next(5) > 0,
        ModelTag = random.Next(3) == 0 ? ReasoningTags.All[0] : null,
    };

    /// <summary>Returns the text and the arguments of all parts in their order.</summary>
    private static string InOrder(OutputPipelineSettings settings, string answer)
    {
        StringBuilder text = new();
        foreach (OutputPart part in Pipeline.RunToParts(settings, [answer], out _))
            text.Append((part as ContentPart)?.Text ?? (part as ReasoningPart)?.Text ?? (part as ToolCallPart)?.Arguments);
        return text.ToString();
    }

    private static string Words(string text) => string.Join(' ', Word.Matches(text).Select(static match => match.Value));

    private static bool IsSubsequence(string part, string whole)
    {
        int at = 0;
        foreach (char c in whole)
            at += at < part.Length && part[at] == c ? 1 : 0;
        return at == part.Length;
    }

    [GeneratedRegex("w[0-9]+w")]
    private static partial Regex Word { get; }

    [GeneratedRegex(@"^(</?tool_call>|<\|.*>|\[TOOL_CALLS\]|\[ARGS\]|</?think>|</s>)\z")]
    private static partial Regex SpecialToken { get; }
}

using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Tests.Support;
using static RkLlama.Prompts.Tests.Conversations.Templates;

namespace RkLlama.Prompts.Tests.Conversations;

/// <summary>The second request of a tool loop: what the server has answered, sent back with the results.</summary>
public sealed class ToolLoopTests
{
    private const string FirstId = "call_0123456789abcdefABCDEF01";
    private const string SecondId = "call_zyxwvutsrqponmlkjihgfe98";

    public static TheoryData<string> TemplateNames => [.. ConformanceData.TemplateNames];

    [TemplateConformance]
    [MemberData(nameof(TemplateNames))]
    public void What_the_server_answered_renders_when_it_is_sent_back_with_a_result(string name)
    {
        ChatTemplate template = Load(name);
        List<string> problems = [];

        foreach (Conversation conversation in Conversations())
        {
            string text;
            try
            {
                text = template.Render(conversation, CpuBudget.Unlimited()).Text;
            }
            catch (TemplateException ex)
            {
                problems.Add($"{Describe(conversation)}: {ex.Message}");
                continue;
            }

            bool isComplete = conversation.Messages.SelectMany(message => message.ToolCalls ?? []).All(call => text.Contains(CityOf(call)))
                && conversation.Messages.Where(message => message.Role == "tool").All(result => text.Contains(result.Content!));
            if (!isComplete || text.Contains("None", StringComparison.Ordinal))
                problems.Add($"{Describe(conversation)}: {text}");
        }

        problems.Should().BeEmpty();
    }

    private static IEnumerable<Conversation> Conversations() =>
        from count in (int[])[1, 2]
        from reasoning in (string?[])[null, "I look it up."]
        from content in (string?[])[null, "", "Let me see."]
        from hasIds in (bool[])[true, false]
        from hasTools in (bool[])[true, false]
        from hasSystem in (bool[])[true, false]
        from goesOn in (bool[])[true, false]
        select new Conversation(
        [
            .. hasSystem ? (ChatMessage[])[new("system", "Be brief.")] : [],
            new("user", "How warm is it?"),
            Calls(content, [.. CallsOf(count, hasIds)]) with { Reasoning = reasoning },
            .. CallsOf(count, hasIds).Select((call, index) => Result(call.Id, $"{index}41 degrees")),
            .. goesOn ? (ChatMessage[])[new("assistant", "It is warm."), new("user", "Thanks.")] : [],
        ])
        {
            Tools = hasTools ? [Tool] : null,
        };

    private static IEnumerable<ToolCall> CallsOf(int count, bool hasIds) =>
        ((ToolCall[])[Call(hasIds ? FirstId : null, """{"city": "Oslo"}"""), Call(hasIds ? SecondId : null, "\"{\\\"city\\\": \\\"Bergen\\\"}\"")]).Take(count);

    private static string CityOf(ToolCall call) => call.Arguments.ToString().Contains("Oslo", StringComparison.Ordinal) ? "Oslo" : "Bergen";

    private static string Describe(Conversation conversation) => string.Join(" ", conversation.Messages.Select(message =>
        $"{message.Role}({message.Content ?? "null"}, {message.ToolCalls?.Count ?? 0} calls, {message.Reasoning})")) + (conversation.Tools is null ? "" : " with tools");
}

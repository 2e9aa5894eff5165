using RkLlama.Prompts.Tests.Building;
using RkLlama.Prompts.Tests.Support;
using static RkLlama.Prompts.Tests.Conversations.Templates;

namespace RkLlama.Prompts.Tests.Conversations;

/// <summary>Answers that continue the last message of the conversation.</summary>
public sealed class ContinuedMessageTests
{
    private const string ChatMl = "{% for m in messages %}<{{ m.role }}>{{ m.content|trim }}</>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

    public static TheoryData<string> TemplateNames => [.. ConformanceData.TemplateNames];

    [TemplateConformance]
    [MemberData(nameof(TemplateNames))]
    public void The_prompt_ends_with_the_continued_message(string name)
    {
        ChatTemplate template = Load(name);

        foreach (string answer in (string[])["Sure, ", "Sure,\n", " one\n\ntwo", "Sure, Sure, "])
        {
            string text = Continue(template, new("user", "Say it: Sure, "), new("assistant", answer));
            text.Should().EndWith(answer.TrimStart());
            text.Split("Say it").Should().HaveCount(2);
        }
    }

    [TemplateConformance]
    [MemberData(nameof(TemplateNames))]
    public void The_prompt_ends_with_continued_reasoning(string name)
    {
        ChatTemplate template = Load(name);

        string text = Continue(template, new("user", "Hello"), new("assistant", "") { Reasoning = "The user greets " });

        text.Should().EndWith("The user greets ");
        text[text.IndexOf("Hello", StringComparison.Ordinal)..].Should().NotContain("</think>");
    }

    [Fact]
    public void Without_the_flag_the_message_is_closed_and_a_new_one_begins()
    {
        Create(ChatMl).RenderText(new("user", "u"), new ChatMessage("assistant", "a")).Should().Be("<user>u</><assistant>a</><assistant>");
    }

    [Fact]
    public void White_space_at_the_end_is_kept_and_the_end_of_the_turn_is_cut()
    {
        Continue(Create(ChatMl), new("user", "u"), new("assistant", "a ")).Should().Be("<user>u</><assistant>a ");
    }

    [Theory]
    [InlineData("<think>\nI thin")]
    [InlineData("\n<think>I thin")]
    public void Reasoning_in_the_content_that_is_still_open_is_continued_as_reasoning(string content)
    {
        const string thinking = "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}<think>\n{{ m.reasoning_content }}\n</think>\n{% endif %}{{ m.content }}</>{% endfor %}";

        Continue(Create(thinking), new("user", "u"), new("assistant", content)).Should().Be("<user>u</><assistant><think>\nI thin");
    }

    [Fact]
    public void Complete_reasoning_in_the_content_is_not_changed() =>
        Continue(Create(ChatMl), new("user", "u"), new("assistant", "<think>a</think>b")).Should().Be("<user>u</><assistant><think>a</think>b");

    [Fact]
    public void A_conversation_that_is_only_the_continued_message_renders()
    {
        Continue(Create("{% if messages[0].role != 'user' %}{{ raise_exception('user first') }}{% endif %}" + ChatMl), new ChatMessage("assistant", "a"))
            .Should().Be("<user></><assistant>a");
    }

    [Fact]
    public void If_the_template_leaves_out_the_message_it_stands_behind_the_generation_prompt()
    {
        string withoutLast = ChatMl.Replace("in messages", "in messages if not (loop_last is defined) and m.role == 'user'", StringComparison.Ordinal);

        Continue(Create(withoutLast), new("user", "u"), new("assistant", "a ")).Should().Be("<user>u</><assistant>a ");
    }

    [Fact]
    public void The_continued_text_is_request_text()
    {
        PromptText text = Create(ChatMl).Render(Continued(new("user", "u"), new("assistant", "</>x")), CpuBudget.Unlimited());

        text.Text.Should().Be("<user>u</><assistant></>x");
        text.RequestSpans.Should().Equal(new PromptSpan(6, 7), new PromptSpan(21, 25));
    }

    [Theory]
    [InlineData("user")]
    [InlineData("tool")]
    public void Other_messages_are_not_continued(string role)
    {
        Continue(Create(ChatMl), new ChatMessage("user", "u"), new(role, "r")).Should().EndWith("</><assistant>");
    }

    [Fact]
    public void The_prompt_says_what_is_continued()
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.Load("Qwen2");

        Prompt content = prompts.Build(Continued(new("user", "u"), new("assistant", "Sure, ")));
        Prompt reasoning = prompts.Build(Continued(new("user", "u"), new("assistant", "") { Reasoning = "Hm" }));
        Prompt empty = prompts.Build(Continued(new("user", "u"), new("assistant", "")));
        Prompt none = prompts.Build(Continued(new ChatMessage("user", "u")));

        (content.ContinuedText, content.ContinuesReasoning).Should().Be(("Sure, ", false));
        (reasoning.ContinuedText, reasoning.ContinuesReasoning).Should().Be(("Hm", true));
        reasoning.Text.Text.Should().EndWith("<think>\nHm");
        (empty.ContinuedText, empty.Text.Text).Should().Be((null, none.Text.Text));
        none.ContinuedText.Should().BeNull();
    }

    [Fact]
    public void A_message_with_tool_calls_is_not_continued()
    {
        Conversation conversation = Continued(new("user", "u"), Calls("a", Call("c")));

        Create("{% for m in messages %}{{ m.content }}{{ m.tool_calls|default('', true) }};{% endfor %}").Render(conversation, CpuBudget.Unlimited()).Text.Should().EndWith(";");
    }

    private static string Continue(ChatTemplate template, params ChatMessage[] messages) => template.Render(Continued(messages), CpuBudget.Unlimited()).Text;

    private static Conversation Continued(params ChatMessage[] messages) => new(messages) { ContinuesLastMessage = true };
}

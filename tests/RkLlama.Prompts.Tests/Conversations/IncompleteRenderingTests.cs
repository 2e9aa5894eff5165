using RkLlama.Prompts.Conversations;
using RkLlama.Prompts.Loading;
using RkLlama.Prompts.Tests.Building;
using RkLlama.Prompts.Tests.Support;
using static RkLlama.Prompts.Tests.Conversations.Templates;

namespace RkLlama.Prompts.Tests.Conversations;

/// <summary>Templates that leave out text of a conversation without an error.</summary>
public sealed class IncompleteRenderingTests
{
    private const string Plain = "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}";

    // The last system message replaces the others, and stands at the start.
    private const string LastSystem =
        "{% set ns = namespace(s='') %}{% for m in messages if m.role == 'system' %}{% set ns.s = m.content %}{% endfor %}{{ ns.s }}"
        + "{% for m in messages if m.role != 'system' %}[{{ m.role }}:{{ m.content }}]{% endfor %}";

    // The system message is a part of the last message, if this comes from the user.
    private const string SystemInLast =
        "{% set s = messages[0].content if messages[0].role == 'system' else '' %}{% for m in messages if m.role != 'system' %}"
        + "[{% if m.role == 'user' and loop.last %}{{ s }};{% endif %}{{ m.content }}"
        + "{% for c in m.tool_calls or [] %}{{ c.function.name }}{{ c.function.arguments|tojson }}{% endfor %}]{% endfor %}";

    // Results are written with their call.
    private const string ResultsWithCall =
        "{% for m in messages %}{% if m.role == 'tool' %}{% if loop.index0 > 0 and messages[loop.index0 - 1].tool_calls %}<result {{ m.content }}>{% endif %}"
        + "{% else %}[{{ m.content }}]{% for c in m.tool_calls or [] %}<call {{ c.function.name }} {{ c.function.arguments|tojson }}>{% endfor %}{% endif %}{% endfor %}";

    // As in Mistral's templates: turns alternate, without the messages of a tool round; ids are short; the system message is a part of the last user message.
    private const string Mistral =
        "{% if messages[0].role == 'system' %}{% set s = messages[0].content %}{% set turns = messages[1:] %}{% else %}{% set turns = messages %}{% endif %}"
        + "{% set ns = namespace(i=0) %}{% for m in turns %}{% if m.role != 'tool' and not m.tool_calls %}"
        + "{% if (m.role == 'user') != (ns.i % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% set ns.i = ns.i + 1 %}{% endif %}{% endfor %}"
        + "{% for m in turns %}{% if m.role == 'user' %}{{ '[INST]' + (s + ' ' if loop.last and s is defined else '') + m.content }}"
        + "{% elif m.tool_calls %}[CALLS]{% for c in m.tool_calls %}{% if c.id|length != 9 %}{{ raise_exception('ids') }}{% endif %}{{ c.function|tojson }}{% endfor %}"
        + "{% elif m.role == 'tool' %}{% if m.tool_call_id|length != 9 %}{{ raise_exception('ids') }}{% endif %}[RESULTS]{{ m.content }}"
        + "{% else %}{{ m.content + ';' }}{% endif %}{% endfor %}";

    // Roles other than user and system count as answers; tools are unknown.
    private const string NoTools = "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('unknown role') }}{% endif %}[{{ m.content|trim }}]{% endfor %}";

    public static TheoryData<string> TemplateNames => [.. ConformanceData.TemplateNames];

    public static TheoryData<string, ChatMessage[]> CompleteConversations
    {
        get
        {
            ChatMessage s = new("system", "Rule one: be brief."), t = new("system", "Rule two: be kind."), u = new("user", "How warm is it?"), v = new("user", "And now?"),
                a = new("assistant", "Warm.");
            TheoryData<string, ChatMessage[]> data = new()
            {
                { "two system messages", [s, t, u] },
                { "three system messages", [s, t, new("system", "Rule three: rhyme."), u] },
                { "a system message at the end", [u, a, s] },
                { "a system message after a user message", [u, s, v] },
                { "system messages at the start and later", [s, u, a, t, v] },
                { "a tool round", [s, u, Calls(null, Call("call_1")), Result("call_1", "11 degrees")] },
                { "an unanswered call", [u, Calls(null, Call("call_1")), v] },
                { "an unanswered call with text", [u, Calls("Let me see.", Call("call_1")), v] },
                { "an unanswered call at the end", [u, Calls(null, Call("call_1"))] },
                { "a result without its call", [u, Result("call_1", "11 degrees")] },
                { "a result after text", [u, a, Result("call_1", "11 degrees"), v] },
                { "a result in several lines", [u, Calls("", Call("call_1")), Result("call_1", "{\"degrees\": 11,\n \"sky\": \"clear \\\"blue\\\"\"}\nüber")] },
                { "text with white space around it", [new("system", "\n Be brief. \n"), new("user", " How warm is it?\n"), a, v] },
            };
            return data;
        }
    }

    public static TheoryData<string, string, ChatMessage[], string> Repaired => new()
    {
        { "two system messages", LastSystem, [System("Be brief."), System("Be kind."), User("Hi")], "Be brief.\n\nBe kind.[user:Hi]" },
        { "a later system message", LastSystem, [System("Be brief."), User("Hi"), System("Be kind."), User("So")], "Be brief.[user:Hi][user:Be kind.\n\nSo]" },
        { "one letter", LastSystem, [System("s"), System("t"), User("u")], "s\n\nt[user:u]" },
        { "the system message of a tool round", SystemInLast, [System("Be brief."), User("Hi"), Calls("", Call("c")), Result("c", "cold")], "[Be brief.\n\nHi][get_weather{\"city\": \"Oslo\"}][cold]" },
        { "the system message of a closed round", SystemInLast, [System("Be brief."), User("Hi"), new("assistant", "Yes")], "[Be brief.\n\nHi][Yes]" },
        { "the system message of a tool round with long ids", Mistral, [System("Be brief."), User("Hi"), Calls(null, Call("call_1")), Result("call_1", "cold")], "[INST]Be brief.\n\nHi[CALLS]{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}[RESULTS]cold" },
        { "a tool round that renders", Mistral, [User("Hi"), Calls(null, Call("call_1")), Result("call_1", "cold"), new("assistant", "Cold."), User("So")], "[INST]Hi[CALLS]{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}[RESULTS]coldCold.;[INST]So" },
        { "an unanswered call that is refused", Mistral, [User("Hi"), Calls(null, Call("a1b2c3d4e")), User("So")], "[INST]Hi<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>;[INST]So" },
        { "a result without its call", ResultsWithCall, [User("Hi"), Result("c", "cold")], "[Hi\n\n<tool_response>\ncold\n</tool_response>]" },
        { "a result after text", ResultsWithCall, [User("Hi"), new("assistant", "Hm"), Result("c", "cold")], "[Hi][Hm][<tool_response>\ncold\n</tool_response>]" },
        { "an unanswered call", NoTools, [User("Hi"), Calls(null, Call("c")), User("So")], "[Hi][<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>][So]" },
        { "an unanswered call with text", NoTools, [User("Hi"), Calls("Hm", Call("c")), User("So")], "[Hi][Hm\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>][So]" },
        { "an unanswered call without arguments", NoTools, [User("Hi"), Calls(null, Call("c", "{}")), User("So")], "[Hi][<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {}}\n</tool_call>][So]" },
    };

    // Templates that change the form of a text, but keep it.
    public static TheoryData<string, string, string> Kept => new()
    {
        { "trimmed", "{% for m in messages %}[{{ m.content|trim }}]{% endfor %}", "[a \"b\"\n\tcä][two]" },
        { "JSON", "{% for m in messages %}{{ m.content|tojson }}{% endfor %}", "\"a \\\"b\\\"\\n\\tcä\"\"two \"" },
        { "JSON in ASCII", "{% for m in messages %}{{ m.content|tojson(ensure_ascii=true) }}{% endfor %}", "\"a \\\"b\\\"\\n\\tc\\u00e4\"\"two \"" },
        { "the messages in another order", "{% for m in messages|reverse %}{{ m.content }};{% endfor %}", "two ;a \"b\"\n\tcä;" },
        { "in upper case", "{% for m in messages %}{{ m.content|upper }};{% endfor %}", "A \"B\"\n\tCÄ;TWO ;" },
        { "white space replaced", "{% for m in messages %}{{ m.content.split()|join('_') }};{% endfor %}", "a_\"b\"_cä;two;" },
    };

    [TemplateConformance]
    [MemberData(nameof(TemplateNames))]
    public void No_template_loses_a_message(string name)
    {
        ChatTemplate template = Load(name);
        List<string> problems = Problems(template);

        problems.Should().BeEmpty();
    }

    [Theory]
    [InlineData("chatml")]
    [InlineData("qwen3")]
    [InlineData("llama-2")]
    [InlineData("llama-3")]
    [InlineData("gemma")]
    [InlineData("phi-3")]
    [InlineData("zephyr")]
    [InlineData("deepseek-r1")]
    [InlineData("deepseek-coder")]
    [InlineData("deepseek-llm")]
    public void No_built_in_template_loses_a_message(string name)
    {
        ChatTemplate template = Create(BuiltInTemplate.Find(name)!.Source);

        List<string> problems = Problems(template);

        problems.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Repaired))]
    public void A_conversation_of_which_the_template_leaves_out_a_part_is_repaired(string what, string template, ChatMessage[] messages, string expected)
    {
        RenderNotes notes = new();

        string text = Create(template).Render(new(messages), CpuBudget.Unlimited(), notes).Text;

        text.Should().Be(expected, what);
        notes.IsIncomplete.Should().BeFalse();
    }

    [Theory]
    [MemberData(nameof(Kept))]
    public void Text_in_another_form_is_not_lost(string what, string template, string expected)
    {
        RenderNotes notes = new();

        string text = Create(template).Render(new([User("a \"b\"\n\tcä"), User("two ")]), CpuBudget.Unlimited(), notes).Text;

        text.Should().Be(expected, what);
        notes.Repairs.Should().BeEmpty();
        notes.IsIncomplete.Should().BeFalse();
    }

    [Fact]
    public void If_no_repair_keeps_the_text_the_first_rendering_is_used_and_noted_once()
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.Add("chat_template.jinja", "Translate: {{ messages[-1].content }}").Load();
        Conversation conversation = new([User("One message."), new("assistant", "Yes."), User("Another one.")]);

        Prompt first = prompts.Build(conversation);
        Prompt second = prompts.Build(conversation);

        first.Text.Text.Should().Be("Translate: Another one.");
        first.Note.Should().Match<PromptNote>(note => note.IsWarning && note.Text.Contains("leaves out"));
        first.Repairs.Should().BeEmpty();
        (second.Text.Text, second.Note).Should().Be((first.Text.Text, null));
    }

    [Theory]
    [InlineData("{% for m in messages|reverse %}{{ m.content }};{% endfor %}")]
    [InlineData("{{ messages[0].content }}")]
    public void The_search_for_lost_text_takes_linear_time(string template)
    {
        ChatMessage[] messages = [.. Enumerable.Range(0, 50_000).Select(index => User($"message {index:x}"))];
        ChatTemplate created = Create(template);

        Action render = () => created.RenderText(messages);

        render.ExecutionTime().Should().BeLessThan(TimeSpan.FromSeconds(30));
    }

    private static List<string> Problems(ChatTemplate template)
    {
        List<string> problems = [];
        foreach (object[] row in (IEnumerable<object[]>)CompleteConversations)
        {
            ChatMessage[] messages = (ChatMessage[])row[1];
            RenderNotes notes = new();
            string text = template.Render(new(messages), CpuBudget.Unlimited(), notes).Text;
            // Some templates leave out the text before a call, and some write results as JSON.
            IEnumerable<string> wanted = messages.Where(message => message.Role != "assistant" && !message.Content!.Trim().Contains('\n', StringComparison.Ordinal)).Select(message => message.Content!.Trim());
            bool hasCalls = messages.All(message => message.ToolCalls is null || text.Contains("Oslo", StringComparison.Ordinal));
            if (notes.IsIncomplete || !hasCalls || text.Contains("None", StringComparison.Ordinal) || wanted.Any(part => !text.Contains(part, StringComparison.Ordinal)))
                problems.Add($"{row[0]}: {text}");
        }

        return problems;
    }

    private static ChatMessage User(string text) => new("user", text);

    private static ChatMessage System(string text) => new("system", text);
}

using RkLlama.Prompts.Conversations;
using RkLlama.Prompts.Jinja;
using static RkLlama.Prompts.Tests.Conversations.Templates;

namespace RkLlama.Prompts.Tests.Conversations;

/// <summary>Conversations that a template refuses, or of which it leaves out a part.</summary>
public sealed class ConversationRepairTests
{
    private const string Plain = "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}";

    // Roles must alternate, beginning with the user; a system message is allowed at the start.
    private const string Alternating =
        "{% set turns = messages[1:] if messages[0].role == 'system' else messages %}"
        + "{% for m in turns %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% endfor %}"
        + "{% if not turns %}{{ raise_exception('no user message') }}{% endif %}"
        + Plain;

    // Ids as in Mistral's templates.
    private const string ShortIds =
        "{% for m in messages %}{% if m.tool_calls %}{% for c in m.tool_calls %}{% if c.id is not defined or c.id|length != 9 %}"
        + "{{ raise_exception('Tool call IDs should be alphanumeric strings with length 9!') }}{% endif %}"
        + "(call {{ c.id }} {{ c.function.arguments|tojson }}){% endfor %}"
        + "{% elif m.role == 'tool' %}{% if m.tool_call_id is not defined or m.tool_call_id|length != 9 %}{{ raise_exception('id') }}{% endif %}"
        + "(result {{ m.tool_call_id }} {{ m.content }}){% else %}[{{ m.content }}]{% endif %}{% endfor %}";

    // At most one call in a message, as in Llama 3.1's template.
    private const string SingleCalls =
        "{% for m in messages %}{% if m.tool_calls %}{% if m.tool_calls|length != 1 %}{{ raise_exception('single tool-calls only') }}{% endif %}"
        + "(call {{ m.tool_calls[0].function.arguments|tojson }}){% elif m.role == 'tool' %}(result {{ m.content }}){% else %}[{{ m.content }}]{% endif %}{% endfor %}";

    [Fact]
    public void A_template_that_reads_the_description_of_each_parameter_gets_an_empty_one()
    {
        Conversation conversation = new([User("u")])
        {
            Tools = [System.Text.Json.JsonElement.Parse("""{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string", "description": "B"}}}}}""")],
        };
        const string template = "{% for t in tools %}{{ t.function.name + t.function.description }}{% for n, p in t.function.parameters.properties.items() %};{{ n + ':' + p.description }}{% endfor %}{% endfor %}";

        Create(template).Render(conversation, CpuBudget.Unlimited()).Text.Should().Be("f;a:;b:B");
    }

    [Fact]
    public void The_result_of_map_can_be_written_as_json()
    {
        Conversation conversation = new([User("u")]) { Tools = [System.Text.Json.JsonElement.Parse("""{"type": "function", "function": {"name": "f"}}""")] };

        Create("{{ tools | map(attribute='function') | tojson }}").Render(conversation, CpuBudget.Unlimited()).Text.Should().Be("""[{"name": "f"}]""");
    }

    public static TheoryData<string, string, ChatMessage[], string> Repaired => new()
    {
        // Absent content.
        { "content", "{% for m in messages %}{{ m.content + ';' }}{% if m.tool_calls %}{{ m.tool_calls[0].function.arguments|tojson }}{% endif %}{% endfor %}", [User("u"), Calls(null, Call("c"))], """u;;{"city": "Oslo"}""" },
        { "content in", "{% for m in messages %}{% if '</think>' in m.content %}x{% endif %}{{ m.content }}.{{ m.tool_calls[0].function.arguments|tojson if m.tool_calls }}{% endfor %}", [User("u"), Calls(null, Call("c"))], """u..{"city": "Oslo"}""" },
        { "content shown as None", "{% for m in messages %}{{ m.content }}.{{ m.tool_calls[0].function.arguments|tojson if m.tool_calls }}{% endfor %}", [User("u"), Calls(null, Call("c"))], """u..{"city": "Oslo"}""" },

        // Absent arguments.
        { "arguments null", SingleCalls, [User("u"), Calls("", Call("c", "null"))], "[u](call {})" },
        { "arguments empty", SingleCalls, [User("u"), Calls("", Call("c", "\"\""))], "[u](call {})" },
        { "arguments absent", SingleCalls, [User("u"), Calls("", new ToolCall("c", "f", default))], "[u](call {})" },

        // Several calls.
        { "two calls", SingleCalls, [User("u"), Calls("", Call("a", """{"n": 1}"""), Call("b", """{"n": 2}""")), Result("a", "A"), Result("b", "B")], """[u](call {"n": 1})(result A)(call {"n": 2})(result B)""" },
        { "results in another order", SingleCalls, [User("u"), Calls("", Call("a", """{"n": 1}"""), Call("b", """{"n": 2}""")), Result("b", "B"), Result("a", "A")], """[u](call {"n": 1})(result A)(call {"n": 2})(result B)""" },
        { "results without ids", SingleCalls, [User("u"), Calls("", Call(null, """{"n": 1}"""), Call(null, """{"n": 2}""")), Result(null, "A"), Result(null, "B")], """[u](call {"n": 1})(result A)(call {"n": 2})(result B)""" },
        { "only the first call is shown", "{% for m in messages %}{% if m.tool_calls %}({{ m.tool_calls[0].function.arguments|tojson }}){% else %}{{ m.content }}{% endif %}{% endfor %}", [User("u"), Calls("", Call("a", """{"n": 1}"""), Call("b", """{"n": 2}""")), Result("a", "A"), Result("b", "B")], """u({"n": 1})A({"n": 2})B""" },

        // Roles.
        { "two user messages", Alternating, [User("a"), User("b")], "[user:a\n\nb]" },
        { "two assistant messages", Alternating, [User("a"), new("assistant", "b"), new("assistant", "c"), User("d")], "[user:a][assistant:b\n\nc][user:d]" },
        { "three user messages", Alternating, [User("a"), User("b"), User("c")], "[user:a\n\nb\n\nc]" },
        { "assistant first", Alternating, [new("assistant", "a"), User("b")], "[user:][assistant:a][user:b]" },
        { "assistant after the system message", Alternating, [new("system", "s"), new("assistant", "a"), User("b")], "[system:s][user:][assistant:a][user:b]" },
        { "system in the middle", Alternating, [User("a"), new("assistant", "b"), new("system", "s"), User("c")], "[user:a][assistant:b][user:s\n\nc]" },
        { "system at the end", Alternating, [User("a"), new("assistant", "b"), new("system", "s")], "[user:a][assistant:b][user:s]" },
        { "two system messages", Alternating, [new("system", "s"), new("system", "t"), User("a")], "[system:s\n\nt][user:a]" },
        { "system only", Alternating, [new("system", "s")], "[user:s]" },
        { "assistant first and two user messages", Alternating, [new("assistant", "a"), User("b"), User("c")], "[user:][assistant:a][user:b\n\nc]" },

        // A template that leaves out later system messages without an error.
        { "system left out", "{% for m in messages %}{% if loop.first or m.role != 'system' %}[{{ m.content }}]{% endif %}{% endfor %}", [User("a"), new("assistant", "b"), new("system", "s"), User("c")], "[a][b][s\n\nc]" },

        // A template without tools.
        { "tools as text", Alternating, [User("u"), Calls(null, Call("c")), Result("c", "cold")], "[user:u][assistant:<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>][user:<tool_response>\ncold\n</tool_response>]" },
    };

    [Theory]
    [MemberData(nameof(Repaired))]
    public void A_refused_conversation_is_repaired(string what, string template, ChatMessage[] messages, string expected)
    {
        Create(template).RenderText(messages).Should().Be(expected, what);
    }

    [Theory]
    [InlineData("call_0123456789abcdefghijklmn")]
    [InlineData("chatcmpl-tool-77")]
    [InlineData("ü")]
    public void Ids_of_calls_get_the_form_that_the_template_demands(string id)
    {
        ChatMessage[] messages = [User("u"), Calls("", Call(id)), Result(id, "cold")];

        string text = Create(ShortIds).RenderText(messages);

        text.Should().MatchRegex("""^\[u\]\(call ([0-9A-Za-z]{9}) \{"city": "Oslo"\}\)\(result \1 cold\)$""");
        Create(ShortIds).RenderText(messages).Should().Be(text, "the id must not change between requests");
    }

    [Fact]
    public void Different_ids_stay_different_and_valid_ids_stay_the_same()
    {
        string text = Create(ShortIds).RenderText(
            User("u"), Calls("", Call("call_aaaaaaaaaaaaaaaaaaaaaaaa", "{}"), Call("abcdefghi", "{}")), Result("call_aaaaaaaaaaaaaaaaaaaaaaaa", "A"), Result("abcdefghi", "B"));

        text.Should().MatchRegex(@"^\[u\]\(call ([0-9A-Za-z]{9}) \{\}\)\(call abcdefghi \{\}\)\(result \1 A\)\(result abcdefghi B\)$");
    }

    [Fact]
    public void Calls_and_results_without_ids_get_matching_ids()
    {
        string text = Create(ShortIds).RenderText(User("u"), Calls("", Call(null, "{}"), new(null, "other", Json("{}"))), new("tool", "O") { Name = "other" }, Result(null, "W"));

        text.Should().MatchRegex(@"^\[u\]\(call (.{9}) \{\}\)\(call (.{9}) \{\}\)\(result \2 O\)\(result \1 W\)$");
    }

    [Fact]
    public void A_conversation_that_renders_is_left_alone()
    {
        RenderNotes notes = new();
        ChatMessage[] messages = [new("assistant", "a"), User("b"), User("c"), new("system", "s"), new("system", "t"), User("")];

        PromptText text = Create(Plain).Render(new(messages), CpuBudget.Unlimited(), notes);

        text.Text.Should().Be("[assistant:a][user:b][user:c][system:s][system:t][user:]");
        notes.Repairs.Should().BeEmpty();
    }

    [Fact]
    public void Only_the_necessary_repairs_are_applied()
    {
        // The ids are too long, and the content is absent. The two user messages are allowed.
        string template = ShortIds.Replace("{% if m.tool_calls %}", "{{ '' if m.content is string else raise_exception('content') }}{% if m.tool_calls %}", StringComparison.Ordinal);
        RenderNotes notes = new();

        PromptText text = Create(template).Render(new([User("a"), User("b"), Calls(null, Call("long-id-of-a-call")), Result("long-id-of-a-call", "cold")]), CpuBudget.Unlimited(), notes);

        text.Text.Should().StartWith("[a][b](call ").And.EndWith(" cold)").And.Contain("""{"city": "Oslo"}""");
        notes.Repairs.Should().BeEquivalentTo("absent content as empty text", "short ids of tool calls");
    }

    [Fact]
    public void If_no_repair_helps_the_error_is_that_of_the_original_conversation()
    {
        ChatTemplate template = Create("{{ raise_exception('I want ' ~ messages|length ~ ' beers') }}");

        Action render = () => template.RenderText(User("a"), User("b"), new("system", "s"));

        render.Should().Throw<TemplateException>().WithMessage("I want 3 beers");
    }

    [Fact]
    public void All_attempts_share_the_processor_time_of_the_request()
    {
        // Refuses each conversation after much work.
        ChatTemplate template = Create("{% if messages|length > 3 %}{% for i in range(90000) %}{% set x = i %}{% endfor %}{% endif %}{{ raise_exception('no') }}");
        int checks = 0;
        CpuBudget budget = new(TimeSpan.FromSeconds(30), () => TimeSpan.FromSeconds(checks++), CancellationToken.None);
        ChatMessage[] messages = [new("assistant", "a"), User("b"), User("c"), new("system", "s"), Calls(null, Call("1"), Call("2")), Result("1", "r")];

        Action render = () => template.Render(new(messages), budget);

        render.Should().Throw<TemplateException>();
        checks.Should().BeLessThan(60);
    }

    [Fact]
    public void A_rendering_that_exceeds_a_limit_is_not_repeated()
    {
        // The repaired conversation has three messages, so it would render.
        ChatTemplate template = Create("{% if messages|length > 3 %}{{ 'x' * 20000000 }}{% endif %}");

        Action render = () => template.RenderText(User("a"), User("b"), new("assistant", "c"), User("d"));

        render.Should().Throw<TemplateException>().WithMessage("*too much text*");
    }

    [Fact]
    public void Cancellation_ends_the_attempts()
    {
        ChatTemplate template = Create("{{ raise_exception('no') }}");

        Action render = () => template.Render(new([User("a"), User("b")]), CpuBudget.Unlimited(new CancellationToken(canceled: true)));

        render.Should().Throw<OperationCanceledException>();
    }

    [Theory]
    [InlineData("{{ 'defined' if tools is defined else 'undefined' }}", "undefined")]
    [InlineData("{{ tools|length }}{% for tool in tools %}x{% endfor %}", "0")]
    [InlineData("{% if tools %}x{% else %}none{% endif %}", "none")]
    [InlineData("{% if tools is not none %}You have tools{% endif %}", "")]
    [InlineData("{% if not tools is defined %}{% set tools = none %}{% endif %}{{ tools }}", "None")]
    [InlineData("{% for d in documents %}x{% endfor %}{{ documents is defined }}", "False")]
    public void Without_tools_the_variable_is_undefined_unless_the_template_compares_it_with_none(string template, string expected)
    {
        Create(template).RenderText(User("u")).Should().Be(expected);
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(100_000)]
    public void Repairs_take_linear_time(int count)
    {
        ToolCall[] calls = [.. Enumerable.Range(0, count).Select(index => Call(index % 2 == 0 ? null : $"id{index}", "null"))];
        ChatMessage[] results = [.. Enumerable.Range(0, count).Select(index => Result(null, "r"))];
        ChatMessage[] messages = [User("u"), Calls(null, calls), .. results, .. Enumerable.Repeat(new ChatMessage("system", "s"), count), .. Enumerable.Repeat(User("v"), count)];
        ChatTemplate template = Create("{% if messages|length > 100 %}{{ raise_exception('no') }}{% endif %}" + Plain);

        Action render = () => template.RenderText(messages);

        render.ExecutionTime().Should().BeLessThan(TimeSpan.FromSeconds(30));
    }

    private static ChatMessage User(string text) => new("user", text);
}

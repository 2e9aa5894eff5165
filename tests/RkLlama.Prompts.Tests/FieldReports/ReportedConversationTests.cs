using RkLlama.Prompts.Tests.Support;
using static RkLlama.Prompts.Tests.Conversations.Templates;

namespace RkLlama.Prompts.Tests.FieldReports;

/// <summary>Conversations that templates refuse. Each row has the id of a report in the table of field reports.</summary>
public sealed class ReportedConversationTests
{
    private const string Plain = "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}";

    // As in the templates of Qwen3 and its kind: an operation on the content, which fails if there is none.
    private const string After = "{% for c in m.tool_calls or [] %}{{ c.function.name }}{{ c.function.arguments|tojson }}{% endfor %};{% endfor %}";
    private const string Contains = "{% for m in messages %}{% if '</think>' in m.content %}{{ m.content.split('</think>')[-1] }}{% else %}{{ m.content }}{% endif %}" + After;
    private const string Starts = "{% for m in messages %}{% if m.content.startswith('<tool_response>') %}x{% endif %}{{ m.content }}" + After;
    private const string Adds = "{% for m in messages %}{{ m.role + ': ' + m.content }}" + After;
    private const string Trims = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] | trim }}" + After;
    private const string Parts = "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endif %}" + After;

    private const string SingleCalls =
        "{% for m in messages %}{% if m.tool_calls %}{% if not m.tool_calls|length == 1 %}{{ raise_exception('This model only supports single tool-calls at once!') }}{% endif %}"
        + "({{ m.tool_calls[0].function.arguments|tojson }}){% elif m.role == 'tool' %}<{{ m.content }}>{% else %}[{{ m.content }}]{% endif %}{% endfor %}";

    private const string ShortIds =
        "{% for m in messages %}{% for c in m.tool_calls or [] %}{% if c.id|length != 9 %}{{ raise_exception('Tool call IDs should be alphanumeric strings with length 9!') }}{% endif %}"
        + "({{ c.id }} {{ c.function.arguments|tojson }}){% else %}{% if m.role == 'tool' %}{% if m.tool_call_id|length != 9 %}{{ raise_exception('id') }}{% endif %}<{{ m.tool_call_id }} {{ m.content }}>"
        + "{% else %}[{{ m.content }}]{% endif %}{% endfor %}{% endfor %}";

    // The tools are a member of the system message, as in the template of Phi-4-mini.
    private const string ToolsInSystem =
        "{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}"
        + "{{ '<|system|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|><|end|>' }}{% else %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
        + "{% endif %}{% endfor %}";

    [Theory]
    [InlineData("A01", Contains)]
    [InlineData("A01", Starts)]
    [InlineData("A01", "{% for m in messages %}{{ m.content|replace('a', 'a') }}" + After)]
    [InlineData("A02", Adds)]
    [InlineData("A02", Trims)]
    [InlineData("A02", Parts)]
    public void A_call_without_content_is_in_the_prompt_with_its_result(string id, string template)
    {
        ChatMessage[] messages = [new("user", "How warm?"), Calls(null, Call("c1")), Result("c1", "11 degrees")];

        string text = Create(template).RenderText(messages);

        text.Should().Contain("""{"city": "Oslo"}""").And.Contain("11 degrees").And.NotContain("None", id);
        text.Should().Be(Create(template).RenderText(messages[0], messages[1] with { Content = "" }, messages[2]), id);
    }

    [Theory]
    [InlineData("A01", "hfjs__Qwen_Qwen3_0.6B")]
    [InlineData("A02", "add__smollm2")]
    [InlineData("A02", "add__tinyllama")]
    [InlineData("A02", "ik__microsoft-Phi-3.5-mini-instruct")]
    [InlineData("A02", "hfjs__internlm_internlm2_chat_7b")]
    [InlineData("A03", "hfjs__meta_llama_Llama_3.1_8B_Instruct")]
    [InlineData("A03", "ik__meta-llama-Llama-3.2-3B-Instruct")]
    [InlineData("A48", "add__phi4-mini-llamacpp")]
    public void The_template_of_the_report_renders_the_conversation(string id, string name)
    {
        if (!ConformanceData.TemplateNames.Contains(name))
            return; // the data is not part of the repository
        ChatMessage[] messages = id == "A48"
            ? [new("user", "How warm?"), new("assistant", "11 degrees")]
            : [new("user", "How warm?"), Calls(null, Call("a1B2c3D4e"), Call("f5G6h7I8j", """{"city": "Rome"}""")), Result("a1B2c3D4e", "11 degrees"), Result("f5G6h7I8j", "24 degrees")];

        string text = Load(name).RenderText(messages);

        foreach (string expected in id == "A48" ? (string[])["11 degrees"] : ["Oslo", "Rome", "11 degrees", "24 degrees"])
            text.Should().Contain(expected, id);
    }

    [Theory]
    [InlineData("A03", 2, null)]
    [InlineData("A03", 3, null)]
    [InlineData("A03", 2, "Let me see.")]
    public void Several_calls_become_one_message_each(string id, int count, string? content)
    {
        ToolCall[] calls = [.. Enumerable.Range(1, count).Select(number => Call($"c{number}", $$"""{"n": {{number}}}"""))];

        string text = Create(SingleCalls).RenderText([new("user", "u"), Calls(content, calls), .. calls.Select(call => Result(call.Id, "r" + call.Id))]);

        text.Should().Be("[u]" + string.Concat(Enumerable.Range(1, count).Select(number => $$"""({"n": {{number}}})<rc{{number}}>""")), id);
    }

    [Theory]
    [InlineData("A04", "call_0123456789abcdefABCDEF01")]
    [InlineData("A04", "chatcmpl-tool-1f2e3d4c5b6a")]
    [InlineData("A04", "7d3c2b1a-0000-4000-8000-1f2e3d4c5b6a")]
    public void Ids_get_the_length_that_the_template_demands(string id, string callId) =>
        Create(ShortIds).RenderText(new("user", "u"), Calls(null, Call(callId)), Result(callId, "cold"))
            .Should().MatchRegex("""^\[u\]\((\w{9}) \{"city": "Oslo"\}\)<\1 cold>$""", id);

    [Theory]
    [InlineData("A07", "Sure, ", null)]
    [InlineData("A07", "Sure,\n", null)]
    [InlineData("A07", "", "The user greets ")]
    public void The_last_message_of_the_assistant_is_continued(string id, string content, string? reasoning)
    {
        const string ChatMl = "{% for m in messages %}<{{ m.role }}>{{ '<think>' + m.reasoning_content + '</think>' if m.reasoning_content }}{{ m.content }}</>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
        Conversation conversation = new([new("user", "Hello"), new("assistant", content) { Reasoning = reasoning }]) { ContinuesLastMessage = true };

        Create(ChatMl).Render(conversation, CpuBudget.Unlimited()).Text.Should().EndWith("<assistant>" + (reasoning is null ? content : "<think>" + reasoning), id);
    }

    [Theory]
    [InlineData("A21", "{{ style }}", """{"style": "brief"}""", "brief")]
    [InlineData("A21", "{% if reasoning_effort == 'low' %}low{% endif %}", """{"reasoning_effort": "low"}""", "low")]
    [InlineData("A21", "{% for d in documents %}{{ d.title }}{% endfor %}", """{"documents": [{"title": "t"}]}""", "t")]
    public void The_variables_of_the_request_reach_the_template(string id, string template, string variables, string expected)
    {
        Conversation conversation = new([new("user", "u")]) { TemplateVariables = Json(variables).EnumerateObject().ToDictionary(static one => one.Name, static one => one.Value) };

        Create(template).Render(conversation, CpuBudget.Unlimited()).Text.Should().Be(expected, id);
    }

    [Theory]
    [InlineData("A48", "{% for t in tools %}{{ t.function.name }}{% endfor %}[{{ messages[0].content }}]")]
    [InlineData("A48", "{% if tools is defined %}{% for t in tools %}{{ t }}{% endfor %}{% endif %}[{{ messages[0].content }}]")]
    [InlineData("A48", "{{ '' if not tools else tools|length }}[{{ messages[0].content }}]")]
    public void A_conversation_without_tools_renders(string id, string template) => Create(template).RenderText(new ChatMessage("user", "u")).Should().Be("[u]", id);

    [Theory]
    [InlineData("T62", true)]
    [InlineData("T62", false)]
    public void Tools_that_the_template_takes_from_the_system_message_are_in_the_prompt(string id, bool hasSystem)
    {
        Conversation conversation = new([.. hasSystem ? (ChatMessage[])[new("system", "Be brief.")] : [], new("user", "u")]) { Tools = [Tool] };

        string text = Create(ToolsInSystem).Render(conversation, CpuBudget.Unlimited()).Text;

        text.Should().StartWith("<|system|>" + (hasSystem ? "Be brief." : "") + """<|tool|>[{"name": "get_weather", "description": "d",""", id);
        text.Should().EndWith("]<|/tool|><|end|><|user|>u<|end|>", id);
    }

    [Theory]
    [InlineData("T62", ToolsInSystem)]
    [InlineData("T62", Plain)]
    [InlineData("T62", "{% for t in tools or [] %}{{ t|tojson }}{% endfor %}" + Plain)]
    public void Without_tools_and_in_other_templates_the_system_message_stays_as_it_is(string id, string template)
    {
        ChatTemplate created = Create(template);
        string none = created.RenderText(new ChatMessage("user", "u"));
        string tools = created.Render(new([new("user", "u")]) { Tools = [Tool] }, CpuBudget.Unlimited()).Text;

        none.Should().NotContain("system", id);
        tools.Contains("system", StringComparison.Ordinal).Should().Be(template == ToolsInSystem, id);
    }
}

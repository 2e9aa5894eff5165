using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class ToolFamiliesTests
{
    [Theory]
    [InlineData("unknown", "{% for m in messages %}{{ m.content }}{% endfor %}")]
    [InlineData("Hermes", "{% if tools %}within <tool_call></tool_call> tags: {\"name\": <n>, \"arguments\": <a>}{% endif %}")]
    [InlineData("Qwen XML", "{% if tools %}<tool_call>\\n<function=f>\\n<parameter=p>\\nv\\n</parameter>{% endif %}")]
    [InlineData("Llama 3", "{{ \"<|python_tag|>\" + tool_call.name }}")]
    [InlineData("Llama 3", "Respond in the format {\"name\": function name, \"parameters\": dictionary}.")]
    [InlineData("Mistral", "{% if message.tool_calls %}[TOOL_CALLS] [{% endif %}[AVAILABLE_TOOLS]")]
    [InlineData("DeepSeek", "{{'<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>' + tool['type']}}")]
    [InlineData("GLM-4.5", "{% if tools %}<tool_call>f\\n<arg_key>k</arg_key>{% endif %}")]
    [InlineData("Phi-4-mini, Granite", "{% if tools %}<|tool_call|>{\"name\": \"f\", \"arguments\": {}}<|/tool_call|>{% endif %}")]
    [InlineData("Phi-4-mini, Granite", "{{ '<|tool|>' + message['tools'] + '<|/tool|>' }}")]
    [InlineData("GLM-4", "[gMASK]<sop>{% if tools %}")]
    [InlineData("Gemma 4", "{{ '<|tool_call>call:' + name }}")]
    public void The_family_is_detected_from_the_template(string family, string template) => ToolFamilies.Detect(template).Name.Should().Be(family);

    [Fact]
    public void No_mark_can_start_inside_another_one()
    {
        string[] literals = [.. ToolFamilies.Marks.Keys, .. ToolFamilies.Trailers];

        ToolFamilies.Marks.Keys.Should().NotIntersectWith(ToolFamilies.Trailers);
        literals.Where(static literal => literal.LastIndexOf(literal[0]) > 0 && literal.Distinct().Count() > 1).Should().BeEmpty();
        literals.Where(literal => literals.Any(other => other != literal && other.StartsWith(literal, StringComparison.Ordinal))).Should().BeEmpty();
    }

    [Fact]
    public void The_names_of_families_are_unique() => ToolFamilies.All.Select(static row => row.Name).Should().OnlyHaveUniqueItems();

    [Theory]
    [InlineData("<tool_call>")]
    [InlineData("{\"name\": \"get_time\", \"arguments\": {\"name\": ")]
    [InlineData("\n{")]
    [InlineData("[[")]
    [InlineData("```json\n")]
    [InlineData("get_time\n")]
    [InlineData("<function=get_time><parameter=a>")]
    [InlineData("<tool_call>get_time\n<arg_key>")]
    [InlineData("[get_time(a=")]
    [InlineData("{\"name\": \"get_time\", \"arguments\": {}}\n")]
    [InlineData("{\"name\": \"get_time\", a")]
    [InlineData("<tool_call>get\\")]
    [InlineData("get_time\\\\\\\\")]
    [InlineData("<|tool_call>call: ")]
    [InlineData("function<｜tool▁sep｜>   ")]
    [InlineData("<tool_call><tool_call>")]
    [InlineData("a {{\"name\": \"x\" y \"")]
    [InlineData("`{")]
    [InlineData("</tool_call>")]
    [InlineData("<function=get_time><parameter=a></function><tool_call>b<parameter=c>")]
    [InlineData("<think></thinking>\n</think>\n<answer></answer> ")]
    [InlineData("```xml\n<tool_call>{\"name\": \"get_time\"} /* ")]
    public async Task The_time_is_linear_in_the_length_of_a_hostile_answer(string piece)
    {
        string answer = "x\n" + piece + string.Concat(Enumerable.Repeat(piece.TrimStart('<'), 200_000 / piece.Length)) + string.Concat(Enumerable.Repeat(piece, 200_000 / piece.Length));

        Func<Task> run = () => Task.Run(() => Pipeline.Run(Pipeline.SettingsFor(ToolFamilies.Unknown), answer)).WaitAsync(TimeSpan.FromSeconds(20));

        await run.Should().NotThrowAsync();
    }
}

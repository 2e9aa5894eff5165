using RkLlama.Output.ToolCalls;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class ToolSyntaxDetectorTests
{
    [Theory]
    [InlineData("None", "{% for m in messages %}{{ m.content }}{% endfor %}")]
    [InlineData("Hermes", "{% if tools %}within <tool_call></tool_call> tags: {\"name\": <n>, \"arguments\": <a>}{% endif %}")]
    [InlineData("QwenXml", "{% if tools %}<tool_call>\\n<function=f>\\n<parameter=p>\\nv\\n</parameter>{% endif %}")]
    [InlineData("Llama3Json", "{{ \"<|python_tag|>\" + tool_call.name }}")]
    [InlineData("Llama3Json", "Respond in the format {\"name\": function name, \"parameters\": dictionary}.")]
    [InlineData("Mistral", "{% if message.tool_calls %}[TOOL_CALLS] [{% endif %}[AVAILABLE_TOOLS]")]
    [InlineData("DeepSeek", "{{'<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>' + tool['type']}}")]
    [InlineData("None", "{% if tools %}<tool_call>f\\n<arg_key>k</arg_key>{% endif %}")]
    [InlineData("None", "{% if tools %}<|tool_call|>{\"name\": \"f\", \"arguments\": {}}<|/tool_call|>{% endif %}")]
    public void The_syntax_is_detected_from_the_template(string syntax, string template) =>
        ToolSyntaxDetector.Detect(template).Should().Be(Enum.Parse<ToolSyntax>(syntax));
}

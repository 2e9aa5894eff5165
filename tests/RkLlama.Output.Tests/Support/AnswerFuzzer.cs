using System.Globalization;
using System.Text;

namespace RkLlama.Output.Tests.Support;

/// <summary>
/// Builds random answers from pieces of random families: prose, calls, broken calls, tags, special tokens. Each letter of the prose is a unique number, so
/// that a lost, doubled or moved piece shows.
/// </summary>
internal sealed class AnswerFuzzer(Random random)
{
    private const string Call = """{"name": "get_weather", "arguments": {"city": "#"}}""";

    // In each piece, # is replaced by a unique word.
    private static readonly string[] Calls =
    [
        "<tool_call>\n" + Call + "\n</tool_call>", "<tool_call>" + Call, "[TOOL_CALLS][" + Call + "]", "[TOOL_CALLS]get_weather[ARGS]{\"city\": \"#\"}",
        "<|python_tag|>get_weather.call(city=\"#\")", "[get_weather(city=\"#\"), ping()]", "```json\n" + Call + "\n```", "\n" + Call, "functools[" + Call + "]",
        "<function=get_weather>{\"city\": \"#\"}</function>", "<tool_call><function=get_weather><parameter=city>\n#\n</parameter></function></tool_call>",
        "<tool_call>get_weather\n<arg_key>city</arg_key><arg_value>#</arg_value></tool_call>", "<|tool_call>call:get_weather{city:<|\"|>#<|\"|>}<tool_call|>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": \"#\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        "get_weather({\"city\": \"#\"})", "<tool_call>get_weather\n" + Call + "</tool_call>", "{" + Call + "}", "[" + Call + "}]", "`" + Call + "`", "- " + Call,
        "```xml\n<tool_call>\n" + Call + "\n</tool_call>\n```", "{\"get_weather\": {\"city\": \"#\"}}", "{\"tool_calls\": [" + Call + "]}", "functools\n[" + Call + "]",
        "<function name=\"get_weather\"><parameter name=\"city\">#</parameter></function>", "<function=get_weather{\"city\": \"#\"}</function>",
        "<tool_call><function=get_weather><parameter=city>\n#\n</tool_call>", "<tool_call>get_weather<arg_key>city<arg_value>#</tool_call>",
        "<|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{\"city\": \"#\"}<|tool_call_end|>", "function<｜tool▁sep｜>get_weather\n```json\n{\"city\": \"#\"}\n```",
        "\nget_weather\n{\"city\": \"#\"}", "<|tool_call_start|>[get_weather(city='#')]<|tool_call_end|>", "```tool_code\nget_weather(city=\"#\")\n```",
        "{\"tools\": [" + Call + "]}", "{\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"description\": \"#\", \"parameters\": {}}}]}",
        "{\"function\": {\"name\": \"get_weather\"}, \"parameters\": {\"city\": \"#\"}}", "{\"tool_calls\": [{\"function\": {\"name\": \"get_weather\"}, \"arguments\": {\"city\": \"#\"}}]}",
        "{\"name\": \"get_weather\", \"arguments\": {}, \"parameters\": {\"city\": \"#\"}}", "<function>get_weather</function>{\"city\": \"#\"}",
        "<tool-use>\n{\"tool_calls\": [" + Call + "]}\n</tool-use>", "{\"name\": \"get_weather\"}{\"city\": \"#\"}", "[\"#\", " + Call + "]", "{\"name\": \"get_weather\", \"args\": [{\"name\": \"city\", \"value\": \"#\"}]}",
        "<｜tool calls begin｜><｜tool call begin｜>function<｜tool sep｜>get_weather\n```json\n{\"city\": \"#\"}\n```<｜tool call end｜><｜tool calls end｜>",
        " to=functions.get_weather<|channel|>commentary json<|message|>{\"city\": \"#\"}<|call|>", "<json>" + Call + "</json>", ">>>get_weather\n{\"city\": \"#\"}",
        "```tool_code\n# #\nresult = get_weather(city=\"#\")\nprint(result)\n```", "```tool_code\na = fs.get_weather(city=\"#\")  # #\n```",
        "<tool_call>{\"name\": \"fs.get_weather\", \"arguments\": {\"city\": \"#\"}}</tool_call>", "<tool_call>ping</tool_call>{\"city\": \"#\"}",
        "<get_weather>{\"city\": \"#\"}</get_weather>", "<get_weather><city>#</city></get_weather>", "<get_weather city=\"#\"/>", "<get_weather>\n<city>\n#\n</city>\n</get_weather>",
        "<tool>get_weather</tool><args>{\"city\": \"#\"}</args>", "<tool_call><name>get_weather</name><arguments>{\"city\": \"#\"}</arguments></tool_call>",
        "{\"name\": \"get_weather\", \"arguments\": \"{\\\"city\\\": \\\"#\\\"}\"}", "[\"{\\\"name\\\": \\\"get_weather\\\", \\\"arguments\\\": {\\\"city\\\": \\\"#\\\"}}\"]",
        "<tool_call>\"{\\\"name\\\": \\\"get_weather\\\", \\\"arguments\\\": {\\\"city\\\": \\\"#\\\"}}\"</tool_call>",
        "<tool_call>\n<function>get_weather</function>\n<parameter=city>\n#\n</parameter>\n</tool_call>", "<tool_call>get_weather</tool_call>\n<parameter=city>#</parameter>",
        "<function=get_weather></function>{\"city\": \"#\"}", "<function=get_weather>\n</function>\n```json\n{\"city\": \"#\"}\n```", "<tool_call>{\"name\": \"get_weather\"}\n{\"arguments\": {\"city\": \"#\"}}</tool_call>",
        "<tool_call>\n\"get_weather\"\n{\"city\": \"#\"}\n</tool_call>", "<tool_call>**get_weather**\n{\"city\": \"#\"}</tool_call>", "<tool_call>{\"name\": \"get_weather\", {\"city\": \"#\"}}</tool_call>",
        "<tool_call>[\"get_weather\", {\"city\": \"#\"}]</tool_call>", "<tool_call>{\"get_weather\", \"arguments\": {\"city\": \"#\"}}</tool_call>", "functools(" + Call + ")", "<tool_call>json\n" + Call + "</tool_call>",
        "[{\"name\": \"nosuch\", \"arguments\": {\"a\": \"#\"}}, " + Call + "]", "[nosuch(a=\"#\"), get_weather(city=\"#\")]", "````json\n" + Call + "\n````",
        "<function=get_weather><parameter=city>\n#\n</parameter> # <parameter=x>\n#</parameter>\n</parameter>\n</function>", "<tool_call>\n{\"name\": \"nosuch\", \"arguments\": {\"a\": \"#\"}}\n</tool_call>",
        "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"print(\"#\") # x\"}}", "```json\n[TOOL_CALLS] [" + Call + "]\n```",
    ];

    private static readonly string[] Noise =
    [
        "#", " # ", "\n", "\n\n", "{", "}", "[", "]", "<", "`", "```", "\"", "'", "(", ";", "{\"name\": \"#\"}", "[#](#)", "{# #}", "<tool_call>", "</tool_call>",
        "[TOOL_CALLS]", "</s>", "<|im_end|>", "<function=", "f", "get_", "get_weather", "functools", "{\"name\": \"get_weather\", \"", "\\", "<think>", "</think>",
        "[THINK]", "<|channel|>", "final<|message|>", "STO", "```json\n", "<|python_tag|>", "print(", ",",
        "</tool_call>", "<tool_call/>", "<answer>", "</answer>", "<think>", "</think>\n", "</thinking>\n", "<|START_RESPONSE|>", "functools ", "- ",
        "* ", "```python\n", "```bash\n", "<function=get_weather>", "<parameter=city>", "</parameter>", "</function>", "<arg_key>city</arg_key>", "<arg_value>#",
        "</city>", "[ARGS]", "<｜tool▁sep｜>", "call:", "commentary to=", "<|message|>", "{{", "}}",
        "{\"a\": [", "to=", "<json>", "</json>", "<tool-use>", "<|assistant|>", "<function>ping</function>", ">>>", "> ", ">>>all\n", "```tool_code\n", "result = ", "# # ", "fs.", "<|end|>", "<|start|>assistant", "commentary<|message|>",
        "<get_weather>", "</get_weather>", "<get_weather", "<get_weather city=\"", "/>", "<city>", "<tool>", "<args>", "</args>", "<name>get_weather</name>", "<arguments>", "\\\"", "\"{",
        "<parameter>", "<parameter=x>", "````", "(", ")", "**", "json\n", "function: get_weather", "[nosuch(", "<|return|>", "</div>",
    ];

    private int _next;

    /// <summary>Builds an answer of some pieces.</summary>
    internal string Next()
    {
        StringBuilder answer = new();
        if (random.Next(3) == 0)
            answer.Append("<think>");
        int pieces = random.Next(1, 8);
        for (int i = 0; i < pieces; i++)
        {
            string piece = random.Next(3) == 0 ? Calls[random.Next(Calls.Length)] : Noise[random.Next(Noise.Length)];
            if (random.Next(6) == 0)
                piece = piece[..random.Next(piece.Length + 1)];
            foreach (char c in piece)
                answer.Append(c == '#' ? "w" + (++_next).ToString(CultureInfo.InvariantCulture) + "w" : c.ToString());
        }

        return answer.ToString();
    }
}

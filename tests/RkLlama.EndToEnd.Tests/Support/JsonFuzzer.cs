using System.Text;

namespace RkLlama.EndToEnd.Tests.Support;

/// <summary>Generates almost valid request bodies. Each character of the text is one byte (Latin-1), so that every byte value is possible.</summary>
internal static class JsonFuzzer
{
    private const string Message = """{"role":"user","content":"!echo hello"}""";

    private static readonly string[] Keys =
        ["messages", "stream", "role", "content", "tools", "enable_thinking", "model_name", "from", "huggingface_path", "prompt", "type", "text", "name",
         "tool_calls", "tool_call_id", "function", "arguments", "reasoning_content", "temperature", "tool_use_id", "id", "input", "thinking", "source", "data", "", "\\u0000", "__proto__", "MESSAGES"];

    private static readonly string[] Numbers =
        ["0", "1", "-1", "-0", "0.5", "1e308", "1e999", "-1e999", "2147483648", "-9223372036854775809", "99999999999999999999999999999999", "1E-400"];

    private static readonly string[] Texts =
        ["", " ", "user", "system", "assistant", "tool", "text", "tool_use", "tool_result", "document", "thinking", "hello", "!echo \\ud83d\\ude00", "\\u0000", "\\ud800", "\\udfff\\ud800", "\\ud83d", "\\uFEFF", "\\u202e",
         "<|im_start|>", "<|im_end|>\\n<|im_start|>system\\n", "{{ 7 * 7 }}", "{% for %}", "%s%n%n", "'; DROP TABLE", "$(id)", "`id`", "../../etc/passwd", "true", "1",
         "\x7F", "\xE2\x80\xA8", "\xEF\xBF\xBF"];

    // Values that make the whole body unreadable. Used rarely.
    private static readonly string[] Broken =
        ["01", "+1", ".5", "0x10", "NaN", "-Infinity", "undefined", "None", "", "'a'", "\"\xFF\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xC3\"", "\"\0\"", "\"\r\n\"", "\"\\q\"", "\"\\u12\"",
         Nested("[", "]", 65), Nested("{\"a\":", "}", 65), Nested("[", "]", 50_000), Nested("{\"a\":", "}", 50_000)];

    /// <summary>Returns a body for the endpoints that generate. Most bodies are invalid, a few are valid.</summary>
    internal static string Generate(Random random) => Spoil(random, Object(random,
    [
        ("model", random.Next(8) == 0 ? Value(random, 1) : "\"m\""),
        ("prompt", random.Next(3) == 0 ? Value(random, 1) : "\"!echo hello\""),
        ("input", random.Next(3) == 0 ? Value(random, 2) : "\"hello\""),
        .. Seldom(random, "name", "suffix", "system", "template", "raw", "format", "options", "keep_alive", "think", "images", "context", "stop", "n", "seed",
            "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "stream_options", "tool_choice", "logprobs", "logit_bias", "echo",
            "reasoning_effort", "encoding_format", "dimensions", "truncate", "reasoning", "chat_template_kwargs", "modalities", "response_format",
            "stop_sequences", "thinking", "output_config", "tokens", "input_prefix", "input_suffix", "input_extra", "n_predict", "parse_special", "with_pieces"),
        ("messages", Messages(random)),
        ("stream", random.Next(6) switch { 0 or 1 => "true", 2 => "1", 3 => Value(random, 1), _ => "false" }),
        ("tools", random.Next(5) == 0 ? $$$"""[{"type":"function","function":{"name":{{{Text(random)}}},"parameters":{{{Value(random, 2)}}}}}]""" : null),
        ("enable_thinking", random.Next(8) == 0 ? Value(random, 1) : null),
    ]));

    /// <summary>Returns a body for <c>/load_model</c>.</summary>
    /// <param name="name">The JSON of the name.</param>
    internal static string Load(Random random, string name) => Spoil(random, Object(random,
    [
        ("model_name", name),
        ("from", random.Next(2) == 0 ? $"\"{FuzzNames.Any(random)}\"" : null),
        ("huggingface_path", random.Next(3) == 0 ? Value(random, 1) : null),
    ]));

    private static (string, string?)[] Seldom(Random random, params string[] names) =>
        [.. names.Select(name => (name, random.Next(20) == 0 ? Value(random, 2) : null))];

    private static string Messages(Random random) => random.Next(10) switch
    {
        0 => Value(random, 3),
        1 => $"[{Message},{Value(random, 3)}]",
        _ => $"[{string.Join(',', Enumerable.Range(0, random.Next(1, 5)).Select(_ => OneMessage(random)))}]",
    };

    private static string OneMessage(Random random)
    {
        string role = Pick(random, "user", "assistant", "system", "tool", "developer");
        return Object(random,
        [
            ("role", random.Next(8) == 0 ? Value(random, 1) : $"\"{role}\""),
            ("content", random.Next(6) switch
            {
                0 => Value(random, 3),
                1 => $$"""[{"type":"text","text":{{Value(random, 1)}}}]""",
                2 => Text(random),
                _ => "\"!echo hello\"",
            }),
            ("tool_calls", role == "assistant" && random.Next(2) == 0 ? $"[{Call(random)}{(random.Next(3) == 0 ? $",{Call(random)}" : "")}]" : null),
            ("reasoning_content", role == "assistant" && random.Next(4) == 0 ? Text(random) : null),
            ("tool_call_id", role == "tool" && random.Next(2) == 0 ? Text(random) : null),
            ("name", random.Next(6) == 0 ? Value(random, 1) : null),
        ]);
    }

    private static string Call(Random random) => Object(random,
    [
        ("id", random.Next(4) == 0 ? Value(random, 1) : Text(random)),
        ("function", Object(random,
        [
            ("name", random.Next(4) == 0 ? Value(random, 1) : Text(random)),
            ("arguments", random.Next(4) switch
            {
                0 => Value(random, 3),
                1 => $"\"{{\\\"a\\\":{Pick(random, "1", "null", "[]", "\\\"\\\\ud800\\\"", "\\\"\\ud800\\\"", "1e999", "}", "{\\\"a\\\":")}}}\"",
                2 => $"{{{Text(random)}:{Value(random, 2)},{Text(random)}:{Text(random)}}}",
                _ => Text(random),
            }),
        ])),
    ]);

    /// <summary>Returns an object of these fields. Sometimes a field is missing, duplicated or added, or the order is reversed.</summary>
    private static string Object(Random random, (string Key, string? Value)[] fields)
    {
        List<string> members = [.. fields.Where(field => field.Value is not null).Select(field => $"\"{field.Key}\":{field.Value}")];
        switch (random.Next(16))
        {
            case 0:
                members.RemoveAt(random.Next(members.Count));
                break;
            case 1:
                members.Insert(random.Next(members.Count + 1), $"\"{fields[random.Next(fields.Length)].Key}\":{Value(random, 2)}");
                break;
            case 2:
                members.Add($"\"{Pick(random, Keys)}\":{Value(random, 3)}");
                break;
            case 3:
                members.Reverse();
                break;
        }

        return $"{{{string.Join(',', members)}}}";
    }

    /// <summary>Returns any JSON value, or a text that looks like one.</summary>
    internal static string Value(Random random, int depth) => random.Next(depth > 0 ? 10 : 6) switch
    {
        0 => random.Next(12) == 0 ? Pick(random, Broken) : Pick(random, "null", "true", "false"),
        1 => Pick(random, Numbers),
        2 or 3 or 4 => Text(random),
        5 => $"\"{new string(random.Next(2) == 0 ? 'x' : ' ', random.Next(20_000))}\"",
        6 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth - 1)))}]",
        7 => $"{{{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => $"\"{Pick(random, Keys)}\":{Value(random, depth - 1)}"))}}}",
        8 => Nested("[", "]", random.Next(60)),
        _ => Nested("{\"a\":", "}", random.Next(60)),
    };

    private static string Text(Random random) => $"\"{Pick(random, Texts)}\"";

    private static string Nested(string open, string close, int levels) =>
        $"{string.Concat(Enumerable.Repeat(open, levels))}1{string.Concat(Enumerable.Repeat(close, levels))}";

    /// <summary>Sometimes damages the text of the JSON.</summary>
    private static string Spoil(Random random, string json) => random.Next(24) switch
    {
        0 => json[..random.Next(json.Length)],
        1 => json.Insert(random.Next(json.Length), Pick(random, "\0", "\xFF", ",", "}", "/**/", "\"", "\\", "\u007F", "\xEF\xBB\xBF")),
        2 => json.Remove(random.Next(json.Length), 1),
        3 => "\xEF\xBB\xBF" + json,
        4 => json + Pick(random, json, "garbage", "\0", "   \n", "]"),
        5 => Encoding.Latin1.GetString(Encoding.Unicode.GetBytes(json)),
        _ => json,
    };

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];
}

/// <summary>Hostile model names, such as path traversals.</summary>
internal static class FuzzNames
{
    private static readonly string[] Names =
    [
        "..", ".", "../..", "../outside", "../../outside", "..\\\\outside", "%2e%2e", "%2e%2e%2foutside", "..%2foutside", "....//outside", "m/../../outside", "m/..", "m/", "/m", "./m",
        "/etc/passwd", "file:///etc/passwd", "~", "~/outside", "$HOME", "${HOME}/outside", "outside.rkllm", "m\\u0000", "m\\u0000../outside", "\\u0000", "\\u002e\\u002e\\u002foutside",
        "\\uff0e\\uff0e\\uff0foutside", "\\u2024\\u2024/outside", "\\ud800", "m\\ud83d", "\\uFFFD", "m ", " m", "M", "m.rkllm", "m\\n", "m\\r\\nX: y", "CON", "nul", "-rf", "--help", "*", "?",
        "\xFF", "\xC0\xAE\xC0\xAE/outside", "\xE2\x80\xAE" + "mllkr", "Modelfile", "demo.rkllm", "tokenizer.json",
    ];

    /// <summary>
    /// Returns the inside of a JSON string. Rarely a valid name: of a model, or of a directory with a model file but without a Modelfile.
    /// </summary>
    internal static string Any(Random random) => random.Next(12) switch
    {
        10 => "m",
        11 => "bare",
        0 => new string('m', random.Next(1, 400)),
        1 => string.Concat(Enumerable.Repeat("../", random.Next(1, 2000))) + "outside",
        2 => string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => $"\\u{random.Next(0x10000):x4}")),
        _ => Names[random.Next(Names.Length)],
    };
}

using System.Text;
using System.Text.Json;
using RkLlama.Output;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Benchmarks;

/// <summary>Measures the cost of the output pipeline per token of 4 characters, on one thread.</summary>
internal static class OutputBenchmarks
{
    private const int TokenLength = 4;
    private const int Tokens = 4000;

    private const string Prose =
        "The board has three cores for matrices, and one run uses all of them. A long prompt takes most of the time before the first token. " +
        "If two clients ask at once, the second one waits.\nThe answer of the first client is complete by then, so nothing of it is lost.\n\n";

    private const string Code =
        "Here is the function:\n\n```csharp\npublic static int Sum(int[] values)\n{\n    int sum = 0;\n    for (int i = 0; i < values.Length; i++)\n    {\n" +
        "        sum += values[i];\n    }\n\n    return sum;\n}\n```\n\n- `values` must not be null. See [the guide](https://example.org/guide).\n" +
        "- The result of `Sum([1, 2])` is `3`.\n\n```json\n{\"values\": [1, 2], \"sum\": 3}\n```\n\n";

    private const string Call = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 3, \"units\": \"metric\"}}\n</tool_call>\n";

    public static void Run(TextWriter output)
    {
        OutputPipelineSettings plain = new(), tools = WithTools();
        output.WriteLine("| output pipeline | time per token | allocated per token |");
        output.WriteLine("|---|---|---|");
        (string, string, OutputPipelineSettings)[] rows =
        [
            ("text, no tools offered", Prose, plain),
            ("text, tools offered", Prose, tools),
            ("code and Markdown, no tools offered", Code, plain),
            ("code and Markdown, tools offered", Code, tools),
            ("nothing but tool calls", Call, tools),
        ];
        foreach ((string name, string text, OutputPipelineSettings settings) in rows)
        {
            OutputToken[] tokens = TokensOf(text);
            Measurement cost = Measurement.Of(() => Feed(settings, tokens));
            output.WriteLine($"| {name} | {cost.Milliseconds * 1000 / Tokens:F2} µs | {cost.Bytes / Tokens} bytes |");
        }

        output.WriteLine();
    }

    private static void Feed(OutputPipelineSettings settings, OutputToken[] tokens)
    {
        OutputPipeline pipeline = new(settings);
        List<OutputPart> parts = [];
        foreach (OutputToken token in tokens)
        {
            pipeline.Add(token, parts);
            parts.Clear();
        }

        pipeline.Finish(parts);
    }

    private static OutputToken[] TokensOf(string text)
    {
        StringBuilder whole = new();
        while (whole.Length < Tokens * TokenLength)
            whole.Append(text);
        OutputToken[] tokens = new OutputToken[Tokens];
        for (int i = 0; i < Tokens; i++)
            tokens[i] = new(whole.ToString(i * TokenLength, TokenLength), OutputTokenKind.Text);
        return tokens;
    }

    private static OutputPipelineSettings WithTools() => new()
    {
        Tools = ToolFamilies.Hermes,
        ToolNames = new HashSet<string> { "get_weather", "get_time", "set_light" },
        ToolSchemas = new Dictionary<string, JsonElement>
        {
            ["get_weather"] = Schema("""{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"},"units":{"type":"string"}},"required":["city"]}"""),
            ["get_time"] = Schema("""{"type":"object","properties":{"zone":{"type":"string"}}}"""),
            ["set_light"] = Schema("""{"type":"object","properties":{"room":{"type":"string"},"on":{"type":"boolean"}},"required":["room","on"]}"""),
        },
    };

    private static JsonElement Schema(string json) => JsonDocument.Parse(json).RootElement;
}

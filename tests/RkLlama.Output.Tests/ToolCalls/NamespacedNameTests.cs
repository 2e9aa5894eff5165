using System.Text.Json;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>Names of tools that the model writes with a namespace.</summary>
public sealed class NamespacedNameTests
{
    private const string Arguments = """{"path":"a"}""";

    /// <summary>The offered names, the name that the model writes, and the name that it means.</summary>
    public static TheoryData<string[], string, string> Names => new()
    {
        { ["read"], "fs.read", "read" },
        { ["read", "fs_read"], "fs.read", "fs_read" },
        { ["read", "fs_read", "fs.read"], "fs.read", "fs.read" },
        { ["read", "fs_read", "fs.read"], "fs_read", "fs_read" },
        { ["read", "fs.read"], "fs_read", "fs.read" },
        { ["read", "fs.read"], "fs__read", "fs.read" },
        { ["fs__read"], "fs/read", "fs__read" },
        { ["mcp__fs__read"], "mcp.fs.read", "mcp__fs__read" },
        { ["read"], "mcp.fs.read", "read" },
        { ["read"], "mcp__fs__read", "read" },
        { ["read", "fs.read"], "functions.fs.read", "fs.read" },
        { ["read", "fs_read"], "functions.fs_read:0", "fs_read" },
        { ["read"], "server:read", "read" },
        { ["read"], "fs::read", "read" },
    };

    /// <summary>Calls with a mark, of a tool in an unknown namespace.</summary>
    public static TheoryData<string> Marked =>
    [
        "<tool_call>{\"name\": \"fs.read\", \"arguments\": {\"path\": \"a\"}}</tool_call>",
        "{\"name\": \"fs.read\", \"arguments\": {\"path\": \"a\"}}",
        "```json\n{\"name\": \"fs.read\", \"arguments\": {\"path\": \"a\"}}\n```",
        "```tool_code\nfs.read(path=\"a\")\n```",
        "```tool_code\nx = client.fs.read(path=\"a\")\nprint(x)\n```",
        "<tool_call><function=fs.read><parameter=path>a</parameter></function></tool_call>",
        "<function=fs.read>{\"path\": \"a\"}</function>",
        "[TOOL_CALLS]fs.read[ARGS]{\"path\": \"a\"}",
        "<|tool_call>call:fs.read{path:<|\"|>a<|\"|>}<tool_call|>",
        "<|tool_call_start|>[fs.read(path=\"a\")]<|tool_call_end|>",
        "<tool_call>fs.read\n<arg_key>path</arg_key>\n<arg_value>a</arg_value>\n</tool_call>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>fs.read\n```json\n{\"path\": \"a\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        "<|tool_call_begin|>functions.fs.read:0<|tool_call_argument_begin|>{\"path\": \"a\"}<|tool_call_end|>",
        ">>>fs.read\n{\"path\": \"a\"}",
    ];

    public static TheoryData<string> Texts =>
    [
        "{\"name\": \"fs.nosuch\", \"arguments\": {\"path\": \"a\"}}",
        "{\"name\": \"com.example.read\"}",
        "{\"name\": \"com.example.read\", \"path\": \"a\"}",
        "{\"fs.read\": {\"path\": \"a\"}}",
        "os.read(path=\"a\")",
        "[os.read(path=\"a\")]",
        "fs.read",
        "Use fs.read and a.b.",
        "[a.b](c)",
        "read.me",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_exact_name_counts_first_then_another_sign_then_the_last_part(string[] offered, string written, string meant) =>
        new ToolNames(offered.ToHashSet()).Resolve(written, allowsNamespace: true).Should().Be(meant);

    [Theory]
    [InlineData(new[] { "fs_read", "fs-read" }, "fs.read")]
    [InlineData(new[] { "read" }, "fs_read")]
    [InlineData(new[] { "read" }, "read.fs")]
    [InlineData(new[] { "read" }, "fs.")]
    [InlineData(new[] { "get_weather" }, "get-weather")]
    [InlineData(new[] { "read" }, "fs.Read")]
    public void A_name_that_may_mean_several_tools_or_none_is_not_found(string[] offered, string written) =>
        new ToolNames(offered.ToHashSet()).Resolve(written, allowsNamespace: true).Should().BeNull();

    [Theory]
    [InlineData("fs.read(path=\"a\")")]
    [InlineData("[fs.read(path=\"a\")]")]
    [InlineData("{\"name\": \"fs.read\", \"arguments\": {\"path\": \"a\"}}")]
    [InlineData("{\"name\": \"fs.read\", \"path\": \"a\"}")]
    public void Another_sign_after_the_namespace_needs_no_mark(string answer) =>
        Pipeline.Run(Settings("fs_read"), answer).Calls.Should().Equal("fs_read" + Arguments);

    [Theory]
    [MemberData(nameof(Marked))]
    public void An_unknown_namespace_before_the_name_is_dropped(string answer)
    {
        PipelineResult result = Pipeline.Run(Settings("read"), answer);

        result.Calls.Should().Equal("read" + Arguments);
        result.Content.Should().BeEmpty();
        Pipeline.ExpectFromAnyTokens(result, Settings("read"), answer, seed: 6, splits: 20);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Text_with_a_name_in_an_unknown_namespace_is_content(string answer)
    {
        PipelineResult result = Pipeline.Run(Settings("read"), answer);

        result.Calls.Should().BeEmpty();
        result.Content.Should().Be(answer);
    }

    private static OutputPipelineSettings Settings(string tool) => new()
    {
        Tools = ToolFamilies.Unknown,
        ToolNames = new HashSet<string> { tool },
        ToolSchemas = new Dictionary<string, JsonElement>
        {
            [tool] = JsonDocument.Parse("""{"type":"object","properties":{"path":{"type":"string"}}}""").RootElement,
        },
    };
}

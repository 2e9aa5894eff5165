using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Common;

/// <summary>Fields of a request that reach the prompt, or are named in the header X-RkLlama-Ignored.</summary>
public sealed class IgnoredPromptFieldsTests
{
    private const string From = "FROM=\"m.rkllm\"\n";
    private const string Template = From + "TEMPLATE=\"{{ messages[0].content }} {{ style }} {{ bos_token }}\"\n";
    private const string Tool = """{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}""";

    [Fact]
    public async Task All_chat_template_kwargs_reach_the_template()
    {
        (string? prompt, string? ignored, _) = await AskAsync(Template, "/v1/chat/completions", """
            "chat_template_kwargs":{"style":"brief"}
            """);

        prompt.Should().Be("u brief <|im_start|>".Replace("<|im_start|>", "", StringComparison.Ordinal));
        ignored.Should().BeNull();
    }

    [Theory]
    [InlineData("\"chat_template_kwargs\":{\"style\":1,\"other\":2}", "chat_template_kwargs.other")]
    [InlineData("\"chat_template_kwargs\":{\"messages\":[],\"bos_token\":\"x\"}", "chat_template_kwargs.messages, chat_template_kwargs.bos_token")]
    [InlineData("\"chat_template_kwargs\":{\"a\\r\\nb\":1}", "chat_template_kwargs")]
    [InlineData("\"chat_template_kwargs\":{\"thinking_budget\":5}", null)]
    [InlineData("\"think\":false", null)]
    [InlineData("\"think\":true", "think")]
    public async Task Fields_without_effect_are_named(string field, string? expected)
    {
        (_, string? ignored, _) = await AskAsync(Template, "/v1/chat/completions", field);

        ignored.Should().Be(expected);
    }

    [Fact]
    public async Task With_the_template_of_the_runtime_all_of_them_are_named()
    {
        (_, string? ignored, _) = await AskAsync(From + "TEMPLATE_MODE=\"runtime\"\n", "/v1/chat/completions", "\"enable_thinking\":false,\"chat_template_kwargs\":{\"style\":1}");

        ignored.Should().Be("enable_thinking, chat_template_kwargs.style");
    }

    [Theory]
    [InlineData("m", "/api/chat", "\"think\":false", "think")]
    [InlineData("m", "/v1/chat/completions", "\"chat_template_kwargs\":{\"enable_thinking\":false}", "chat_template_kwargs.enable_thinking")]
    [InlineData("m", "/v1/chat/completions", "\"reasoning_effort\":\"none\"", "reasoning_effort")]
    [InlineData("m", "/generate", "\"enable_thinking\":false", "enable_thinking")]
    [InlineData("Qwen3-1.7B", "/api/chat", "\"think\":false", null)]
    [InlineData("Qwen3-1.7B", "/generate", "\"enable_thinking\":false", null)]
    public async Task Without_a_template_thinking_is_turned_off_by_an_empty_block_or_the_header_says_that_it_is_not(string model, string path, string field, string? expected)
    {
        (string? prompt, string? ignored, _) = await AskAsync(From, path, field, model);

        ignored.Should().Be(expected);
        prompt!.EndsWith("<|im_start|>assistant\n<think>\n\n</think>\n\n", StringComparison.Ordinal).Should().Be(expected is null);
    }

    [Fact]
    public async Task A_known_family_can_be_asked_to_think()
    {
        (string? prompt, _, JsonElement body) = await AskAsync(From, "/api/chat", "\"think\":true", "qwen3");

        prompt.Should().EndWith("<|im_start|>assistant\n");
        body.GetProperty("message").GetProperty("content").GetString().Should().Be("done");
    }

    [Fact]
    public async Task Ignored_tools_are_named()
    {
        (_, string? ignored, _) = await AskAsync(Template, "/v1/chat/completions", $$"""
            "tools":[{{Tool}}]
            """);

        ignored.Should().Be("tools");
    }

    [Theory]
    [InlineData("I look it up. <tool_call>\n{\"name\": \"look\", \"arguments\": {}}\n</tool_call>")]
    [InlineData("No call.")]
    public async Task The_headers_of_a_stream_do_not_name_tools(string answer)
    {
        FakeEngine engine = new()
        {
            Run = async run =>
            {
                foreach (string word in answer.Split(' '))
                    await run.SendAsync(word + " ");
                run.End(RunEndReason.Stop);
            },
        };
        await using TestServer server = await TestServer.StartAsync(engine);
        await server.LoadAsync("m", Template);

        using HttpResponseMessage response = await server.PostAsync(
            "/v1/chat/completions", $$"""{"model":"m","stream":true,"messages":[{"role":"user","content":"u"}],"tools":[{{Tool}}]}""");

        response.Headers.Contains("X-RkLlama-Ignored").Should().BeFalse();
        (await response.Content.ReadAsStringAsync()).Contains("tool_calls\":", StringComparison.Ordinal).Should().Be(answer.Contains("look\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/api/chat")]
    public async Task Generic_tools_are_offered_by_the_prompt_and_called(string path)
    {
        (string? prompt, string? ignored, JsonElement body) = await AskAsync(
            Template.Replace("messages[0].content", "messages|map(attribute='content')|join(' ')", StringComparison.Ordinal) + "TOOLS=\"generic\"\n",
            path,
            $$"""
            "tools":[{{Tool}}]
            """,
            answer: "<tool_call>\n{\"name\": \"look\", \"arguments\": {}}\n</tool_call>");

        prompt.Should().Contain(Tool);
        ignored.Should().BeNull();
        body.ToString().Should().Contain("tool_calls");
    }

    private static async Task<(string? Prompt, string? Ignored, JsonElement Body)> AskAsync(
        string modelfile, string path, string field, string model = "m", string answer = "done")
    {
        string? prompt = null;
        FakeEngine engine = new()
        {
            Run = async run =>
            {
                prompt = run.Prompt;
                await run.SendAsync(answer);
                run.End(RunEndReason.Stop);
            },
        };
        await using TestServer server = await TestServer.StartAsync(engine);
        await server.LoadAsync(model, modelfile);
        using HttpResponseMessage response = await server.PostAsync(path, $$"""{"model":"{{model}}","stream":false,"messages":[{"role":"user","content":"u"}],{{field}}}""");
        string text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.Should().BeTrue(text);
        return (prompt, response.Headers.TryGetValues("X-RkLlama-Ignored", out IEnumerable<string>? values) ? values.Single() : null, JsonElement.Parse(text));
    }
}

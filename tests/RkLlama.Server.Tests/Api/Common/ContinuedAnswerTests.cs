using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Common;

/// <summary>Requests whose last message comes from the assistant.</summary>
public sealed class ContinuedAnswerTests
{
    private const string Modelfile =
        "FROM=\"m.rkllm\"\nTEMPLATE=\"{% for m in messages %}[{{ m.role }}]{{ '<think>' + m.reasoning_content + '</think>' if m.reasoning_content }}{{ m.content|trim }}[end]{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}\"\n";

    private const string Messages = """[{"role":"user","content":"u"},{"role":"assistant","content":"Sure, "}]""";
    private const string Open = "[user]u[end][assistant]Sure, ";
    private const string Closed = "[user]u[end][assistant]Sure,[end]";

    [Theory]
    [InlineData("/api/chat", "\"stream\":false", Open)]
    [InlineData("/generate", "\"stream\":false", Open)]
    [InlineData("/v1/chat/completions", "\"stream\":false", Open)]
    [InlineData("/v1/chat/completions", "\"continue_final_message\":true,\"add_generation_prompt\":false", Open)]
    [InlineData("/v1/chat/completions", "\"add_generation_prompt\":false", Open)]
    [InlineData("/v1/chat/completions", "\"continue_final_message\":false", Closed + "[assistant]")]
    [InlineData("/v1/chat/completions", "\"add_generation_prompt\":true", Closed + "[assistant]")]
    [InlineData("/v1/chat/completions", "\"continue_final_message\":false,\"add_generation_prompt\":false", Closed)]
    public async Task The_last_message_is_continued_or_closed(string path, string field, string expected)
    {
        (HttpStatusCode status, JsonElement body, string? prompt) = await AskAsync(path, $$"""{"model":"m","messages":{{Messages}},{{field}}}""", "done");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        prompt.Should().Be(expected);
    }

    [Fact]
    public async Task The_responses_api_continues_the_last_message()
    {
        (_, _, string? prompt) = await AskAsync("/v1/responses", $$"""{"model":"m","input":{{Messages}}}""", "done");

        prompt.Should().Be(Open);
    }

    [Fact]
    public async Task Both_fields_together_are_a_bad_request()
    {
        (HttpStatusCode status, JsonElement body, _) = await AskAsync(
            "/v1/chat/completions", $$"""{"model":"m","messages":{{Messages}},"continue_final_message":true,"add_generation_prompt":true}""", "done");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetProperty("param").GetString().Should().Be("continue_final_message");
    }

    [Theory]
    [InlineData("\"content\":\"Sure, \"", null, "hm")]
    [InlineData("\"content\":\"<think>I \"", "hm", null)]
    [InlineData("\"content\":\"<think>I</think>Well, \"", null, "hm")]
    [InlineData("\"content\":\"\",\"reasoning_content\":\"I \"", "hm", null)]
    public async Task An_answer_that_continues_reasoning_starts_with_reasoning(string fields, string? reasoning, string? content)
    {
        (_, JsonElement body, _) = await AskAsync(
            "/v1/chat/completions", $$$"""{"model":"m","messages":[{"role":"user","content":"u"},{"role":"assistant",{{{fields}}}}]}""", "hm");

        JsonElement message = body.GetProperty("choices")[0].GetProperty("message");
        string? thoughts = message.TryGetProperty("reasoning_content", out JsonElement found) ? found.GetString() : null;
        (thoughts, message.GetProperty("content").GetString()).Should().Be((reasoning, content ?? ""));
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body, string? Prompt)> AskAsync(string path, string body, params string[] answer)
    {
        string? prompt = null;
        FakeEngine engine = new()
        {
            Run = async run =>
            {
                prompt = run.Prompt;
                foreach (string token in answer)
                    await run.SendAsync(token);
                run.End(RunEndReason.Stop);
            },
        };
        await using TestServer server = await TestServer.StartAsync(engine);
        await server.LoadAsync("m", Modelfile);
        (HttpStatusCode status, JsonElement json) = await server.PostJsonAsync(path, body);
        return (status, json, prompt);
    }
}

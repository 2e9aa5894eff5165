using System.Net;
using System.Text.Json;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Common;

/// <summary>Conversion of the messages of a request to a prompt.</summary>
public sealed class ConversationTests
{
    private const string Template = "TEMPLATE=\"{% for m in messages %}[{{ m.role }}:{{ m.content }}{% for c in m.tool_calls or [] %}<{{ c.function.name }} {{ c.function.arguments|tojson }}>{% endfor %}]{% endfor %}{{ tools|length if tools else '' }}{{ enable_thinking if enable_thinking is defined }}\"\n";

    [Theory]
    [InlineData("""[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]""", "[user:ab]")]
    [InlineData("""[{"role":"developer","content":"d"},{"role":"user","content":"u"}]""", "[system:d][user:u]")]
    [InlineData("""[{"role":"user","content":"u"},{"role":"assistant"},{"role":"user","content":"v"}]""", "[user:u][assistant:][user:v]")]
    [InlineData("""[{"role":"user","content":"u"},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}}]},{"role":"tool","tool_call_id":"1","content":"r"}]""", """[user:u][assistant:<f {"x": 1}>][tool:r]""")]
    [InlineData("""[{"role":"user","content":"u"},{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}]""", "[user:u][assistant:<f {}>]")]
    [InlineData("""[{"role":"user","content":"u"},{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":null}}]}]""", "[user:u][assistant:<f {}>]")]
    [InlineData("""[{"role":"user","content":"u"}],"tools":[{"type":"function","function":{"name":"f"}}]""", "[user:u]1")]
    [InlineData("""[{"role":"user","content":"u"}],"enable_thinking":false""", "[user:u]False")]
    public async Task Messages_are_normalised_and_rendered_by_the_models_template(string messages, string expected)
    {
        await using TestServer server = await TestServer.StartAsync();
        string? prompt = null;
        server.Engine.Run = run =>
        {
            prompt = run.Prompt;
            run.End(RunEndReason.Stop);
            return Task.CompletedTask;
        };
        await server.LoadAsync("m", "FROM=\"m.rkllm\"\n" + Template);

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/generate", $$"""{"messages":{{messages}}}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", body);
        prompt.Should().Be(expected);
    }

    [Theory]
    [InlineData("""[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]""", "messages[0].content[0] must be a part of type text")]
    [InlineData("""[{"role":"user","content":[{"type":"text"}]}]""", "messages[0].content[0].text")]
    [InlineData("""[{"role":"assistant","tool_calls":{}}]""", "messages[0].tool_calls must be an array")]
    [InlineData("""[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":1}}]}]""", "messages[0].tool_calls[0].function.arguments")]
    [InlineData("""[{"role":"user","content":"u"}],"tools":{}""", "tools must be an array")]
    [InlineData("""[{"role":"user","content":"u"}],"tools":[{"x":"\ud800"}]""", "surrogate")]
    [InlineData("""[{"role":"user","content":"u"}],"enable_thinking":"yes" """, "enable_thinking")]
    public async Task A_conversation_that_cannot_be_rendered_is_a_bad_request(string messages, string hint)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        (HttpStatusCode status, JsonElement error) = await server.PostJsonAsync("/generate", $$"""{"messages":{{messages}}}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        error.GetProperty("error").GetString().Should().Contain(hint);
    }

    [Fact]
    public async Task An_exception_of_the_template_is_a_bad_request_with_its_message()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync("m", "FROM=\"m.rkllm\"\nTEMPLATE=\"{{ raise_exception('roles must alternate') }}\"\n");

        (HttpStatusCode status, JsonElement error) = await server.PostJsonAsync("/generate", """{"messages":[{"role":"user","content":"u"}]}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        error.GetProperty("error").GetString().Should().Contain("roles must alternate");
    }

    [Fact]
    public async Task A_template_that_is_not_valid_fails_the_load()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m", "FROM=\"m.rkllm\"\nTEMPLATE=\"{% if %}\"\n");

        (HttpStatusCode status, JsonElement error) = await server.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        error.GetProperty("error").GetString().Should().Contain("TEMPLATE in the Modelfile").And.Contain("line 1");
        server.Engine.Sessions.Should().BeEmpty();
        (await server.PostJsonAsync("/load_model", """{"model_name":"m"}""")).Status.Should().Be(HttpStatusCode.BadRequest);
    }
}

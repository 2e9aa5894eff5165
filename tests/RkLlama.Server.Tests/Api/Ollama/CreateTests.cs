using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Ollama;

/// <summary><c>POST /api/create</c> makes a model of another one, with other settings.</summary>
public sealed class CreateTests
{
    [Fact]
    public async Task A_new_model_is_made_with_the_status_lines_of_Ollama()
    {
        await using PromptServer server = await PromptServer.StartAsync();

        (HttpStatusCode status, string body, _) = await server.PostAsync("/api/create", """{"model":"n","from":"m","system":"Be brief."}""");

        status.Should().Be(HttpStatusCode.OK);
        string[] lines = [.. body.TrimEnd('\n').Split('\n').Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("status").GetString()!)];
        lines[0].Should().MatchRegex("^using existing layer sha256:[0-9a-f]{64}$");
        lines[1].Should().MatchRegex("^creating new layer sha256:[0-9a-f]{64}$");
        lines[2..].Should().Equal("writing manifest", "success");
        (await server.Server.GetJsonAsync("/models")).Body.GetProperty("models").EnumerateArray().Select(static name => name.GetString()).Should().Equal("m", "n");
    }

    [Fact]
    public async Task The_settings_apply_and_are_shown()
    {
        await using PromptServer server = await PromptServer.StartAsync("TEMPERATURE=0.5\nSYSTEM=\"old\"\n", null, "ok");
        string body = """
            {"model":"n","from":"m:latest","system":"Be brief.","license":["MIT","and more"],"parameters":{"num_ctx":512,"num_predict":-2,"temperature":0.3,"stop":["x","y"],"seed":7},
             "messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?\nWell \"?\""}],"stream":false}
            """;

        (HttpStatusCode status, string reply, string ignored) = await server.PostAsync("/api/create", body);
        JsonElement shown = (await server.Server.PostJsonAsync("/api/show", """{"model":"n"}""")).Body;
        await server.PostAsync("/api/chat", """{"model":"n","messages":[{"role":"user","content":"Go"}],"stream":false}""");
        await server.PostAsync("/v1/chat/completions", """{"model":"n","messages":[{"role":"system","content":"Other."},{"role":"user","content":"Go"}]}""");

        (status, reply, ignored).Should().Be((HttpStatusCode.OK, """{"status":"success"}""" + "\n", "seed"));
        shown.GetProperty("parameters").GetString()!.Split('\n').Should().Contain("num_ctx 512").And.Contain("num_predict 512").And.Contain("temperature 0.3").And.Contain("stop \"x\"").And.Contain("stop \"y\"");
        (shown.GetProperty("system").GetString(), shown.GetProperty("license").GetString()).Should().Be(("Be brief.", "MIT\nand more"));
        shown.GetProperty("messages").GetRawText().Should().Be("""[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?\nWell \"?\""}]""");
        shown.GetProperty("modelfile").GetString().Should().Contain("TEMPERATURE=0.3").And.Contain("MESSAGE=\"user Hi\"");
        server.Prompts.Should().Equal(
            "[system:Be brief.][user:Hi][assistant:Yes?\nWell \"?\"][user:Go]", "[system:Other.][user:Hi][assistant:Yes?\nWell \"?\"][user:Go]");
    }

    [Fact]
    public async Task A_template_replaces_that_of_the_model_and_a_Go_template_does_not()
    {
        await using PromptServer server = await PromptServer.StartAsync("", null, "ok");

        await server.PostAsync("/api/create", """{"model":"jinja","from":"m","template":"{% for m in messages %}<{{ m.content }}>{% endfor %}"}""");
        (_, _, string ignored) = await server.PostAsync("/api/create", """{"model":"go","from":"m","template":"{{ .System }} {{ .Prompt }}"}""");
        foreach (string model in (string[])["jinja", "go"])
            await server.PostAsync("/api/chat", $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hi"}],"stream":false}""");

        ignored.Should().Be("template");
        server.Prompts.Should().Equal("<Hi>", "[user:Hi]");
    }

    [Theory]
    [InlineData("""{"name":"n","modelfile":"FROM m\nSYSTEM Be brief.\nPARAMETER top_k 5\nMESSAGE user Hi\n"}""")]
    [InlineData("""{"model":"n","modelfile":"FROM=\"m\"\nSYSTEM=\"Other.\"\nTOP_K=5\nMESSAGE=\"user Hi\"\n","system":"Be brief.","from":""}""")]
    public async Task The_form_of_older_clients_has_a_Modelfile(string body)
    {
        await using PromptServer server = await PromptServer.StartAsync("", null, "ok");

        (HttpStatusCode status, string reply, _) = await server.PostAsync("/api/create", body);
        await server.PostAsync("/api/generate", """{"model":"n","prompt":"Go","stream":false}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", reply);
        server.Prompts.Should().Equal("[system:Be brief.][user:Hi][user:Go]");
        (await File.ReadAllTextAsync(Path.Combine(server.Server.Models, "n", "Modelfile"))).Should().Contain("TOP_K=5");
    }

    [Fact]
    public async Task A_loaded_model_is_replaced_by_its_new_version()
    {
        await using PromptServer server = await PromptServer.StartAsync("", null, "ok");
        await server.PostAsync("/api/chat", """{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":false}""");

        (HttpStatusCode status, _, _) = await server.PostAsync("/api/create", """{"model":"m","from":"m","system":"New."}""");
        await server.PostAsync("/api/chat", """{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":false}""");

        status.Should().Be(HttpStatusCode.OK);
        server.Prompts.Should().Equal("[user:Hi]", "[system:New.][user:Hi]");
        Directory.GetFileSystemEntries(server.Server.Models).Should().ContainSingle();
    }

    [Theory]
    [InlineData("""{"model":"n"}""", "neither 'from' or 'files' was specified")]
    [InlineData("""{"model":"n","files":{"a":"sha256:1"}}""", "files is not supported")]
    [InlineData("""{"model":"n","from":"m","adapters":{"a":"sha256:1"}}""", "adapters is not supported")]
    [InlineData("""{"model":"n","from":"m","quantize":"q4_K_M"}""", "quantize is not supported")]
    [InlineData("""{"model":"a/b","from":"m"}""", "invalid model name")]
    [InlineData("""{"from":"m"}""", "model is required")]
    [InlineData("""{"model":"n","from":"m","parameters":{"temperature":9}}""", "TEMPERATURE is '9'")]
    [InlineData("""{"model":"n","from":"m","parameters":{"temperature":[1]}}""", "parameters.temperature must be a number")]
    [InlineData("""{"model":"n","from":"m","parameters":{"stop":[{}]}}""", "parameters.stop must be a string")]
    [InlineData("""{"model":"n","from":"m","license":[1]}""", "license must be")]
    [InlineData("""{"model":"n","from":"m","messages":[{"role":"tool","content":"x"}]}""", "messages[0]: a model keeps")]
    [InlineData("""{"model":"n","from":"m","messages":[{"role":"user","content":"x","images":["eA=="]}]}""", "messages[0]")]
    [InlineData("""{"model":"n","modelfile":"FROM m\nSYSTEM \"\"\"open"}""", "triple quotes are not closed")]
    [InlineData("""{"model":"n","from":"./x.rkllm"}""", "x.rkllm")]
    [InlineData("""{"model":"m","from":"m","template":"{% for m in messages %}"}""", "TEMPLATE in the Modelfile cannot be used")]
    public async Task A_request_that_cannot_be_fulfilled_is_refused_in_words(string body, string words)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        (HttpStatusCode status, JsonElement reply) = await server.PostJsonAsync("/api/create", body);

        status.Should().Be(HttpStatusCode.BadRequest);
        reply.GetProperty("error").GetString().Should().Contain(words);
        Directory.GetFileSystemEntries(server.Models).Should().ContainSingle();
    }

    [Theory]
    [InlineData("{% for m in messages %}")]
    [InlineData("missing.jinja")]
    [InlineData("broken.jinja")]
    public async Task A_model_whose_template_cannot_be_used_is_a_source_only_with_another_template(string template)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m", $"FROM=\"m.rkllm\"\nTEMPLATE=\"{template}\"\n");
        await File.WriteAllTextAsync(Path.Combine(server.Models, "m", "broken.jinja"), "{% for m in messages %}");

        (HttpStatusCode refused, JsonElement reply) = await server.PostJsonAsync("/api/create", """{"model":"n","from":"m","system":"Be brief."}""");
        string[] entries = Directory.GetFileSystemEntries(server.Models);
        (HttpStatusCode made, _) = await server.PostJsonAsync("/api/create", """{"model":"n","from":"m","template":"{{ messages[0].content }}","stream":false}""");

        (refused, made).Should().Be((HttpStatusCode.BadRequest, HttpStatusCode.OK));
        reply.GetProperty("error").GetString().Should().Contain("TEMPLATE in the Modelfile cannot be used");
        entries.Should().ContainSingle();
    }

    [Theory]
    [InlineData("license")]
    [InlineData("stop")]
    [InlineData("messages")]
    [InlineData("modelfile")]
    public async Task Values_that_no_Modelfile_can_hold_are_refused_before_they_are_merged(string field)
    {
        await using PromptServer server = await PromptServer.StartAsync();
        string value = field switch
        {
            "license" => $"\"license\":[{string.Join(',', Enumerable.Repeat("\"a\"", 240_000))}]",
            "stop" => $"\"parameters\":{{\"stop\":[{string.Join(',', Enumerable.Repeat("\"a\"", 200_000))}]}}",
            "messages" => $"\"messages\":[{string.Join(',', Enumerable.Repeat("""{"role":"user","content":"a"}""", 40_000))}]",
            _ => $"\"modelfile\":\"{string.Concat(Enumerable.Repeat("LICENSE a\\n", 60_000))}\"",
        };

        (HttpStatusCode status, string reply, _) = await server.PostAsync("/api/create", $$"""{"model":"n","from":"m",{{value}}}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        reply.Should().Contain("The Modelfile of the new model would have").And.Contain("it may have 65536");
    }

    [Fact]
    public async Task A_model_with_a_template_that_cannot_be_used_is_shown()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m", "FROM=\"m.rkllm\"\nTEMPLATE=\"{% for m in messages %}\"\n");

        (HttpStatusCode status, JsonElement shown) = await server.PostJsonAsync("/api/show", """{"model":"m"}""");

        status.Should().Be(HttpStatusCode.OK, "{0}", shown);
        shown.GetProperty("template").GetString().Should().Be("{% for m in messages %}");
        shown.GetProperty("capabilities").GetRawText().Should().Be("""["completion"]""");
    }

    [Fact]
    public async Task A_body_with_many_escapes_may_be_longer_than_the_Modelfile()
    {
        await using PromptServer server = await PromptServer.StartAsync();

        (HttpStatusCode status, _, _) = await server.PostAsync("/api/create", $$"""{"model":"n","from":"m","license":"{{string.Concat(Enumerable.Repeat("\\u0041", 60_000))}}","stream":false}""");

        status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Files_and_pushes_are_refused_with_what_to_do_instead()
    {
        await using TestServer server = await TestServer.StartAsync();
        string blob = "/api/blobs/sha256:" + new string('a', 64);
        using HttpRequestMessage head = new(HttpMethod.Head, blob);

        using HttpResponseMessage found = await server.Client.SendAsync(head);
        (HttpStatusCode posted, JsonElement reason) = await server.PostJsonAsync(blob, "raw");
        (HttpStatusCode pushed, _) = await server.PostJsonAsync("/api/push", """{"model":"m"}""");

        found.StatusCode.Should().Be(HttpStatusCode.NotFound);
        (posted, pushed).Should().Be((HttpStatusCode.NotImplemented, HttpStatusCode.NotImplemented));
        reason.GetProperty("error").GetString().Should().Contain("copy its .rkllm file into the models directory");
    }

    [Fact]
    public async Task A_pull_that_does_not_run_cannot_be_stopped()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");
        using HttpRequestMessage stop = new(HttpMethod.Delete, "/api/pull") { Content = new StringContent("""{"model":"m"}""") };

        using HttpResponseMessage response = await server.Client.SendAsync(stop);

        response.StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await response.Content.ReadAsStringAsync()).Should().Contain("Model 'm' is not being pulled.");
    }
}

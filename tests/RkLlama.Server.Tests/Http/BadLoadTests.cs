using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Http;

/// <summary>Every invalid request to load a model gets a JSON error that says how to correct it, and loads nothing.</summary>
public sealed class BadLoadTests
{
    public static TheoryData<string, string> BadLoadBodies() => new()
    {
        { "", "no body" },
        { "nope", "not valid JSON" },
        { "null", "Please enter the name of the model to be loaded." },
        { "[]", "Please enter the name of the model to be loaded." },
        { """{"model":"m"}""", "Please enter the name of the model to be loaded." },
        { """{"model_name":5}""", "must be a string" },
        { """{"model_name":null}""", "must be a string" },
        { """{"model_name":"nowhere"}""", "Model directory 'nowhere' not found." },
        { """{"model_name":""}""", "Model directory '' not found." },
        { """{"model_name":"../etc"}""", "Model directory '../etc' not found." },
        { """{"model_name":"/etc"}""", "Model directory '/etc' not found." },
        { """{"model_name":"m/../m"}""", "Model directory 'm/../m' not found." },
        { """{"model_name":"a\u0000b"}""", "not found." },
        { """{"model_name":"no-modelfile"}""", "Modelfile not found in 'no-modelfile' directory." },
        { """{"model_name":"no-from"}""", "FROM or HUGGINGFACE_PATH not defined in Modelfile." },
        { """{"model_name":"bad-line"}""", "Modelfile" },
        { """{"model_name":"missing-file"}""", "missing.rkllm" },
        { """{"model_name":"empty-file"}""", "empty" },
    };

    [Theory]
    [MemberData(nameof(BadLoadBodies))]
    public async Task Load_model_reports_errors_in_the_body(string body, string hint)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");
        Directory.CreateDirectory(Path.Combine(server.Models, "no-modelfile"));
        server.AddModel("no-from", "SYSTEM=\"x\"\n");
        server.AddModel("bad-line", "FROM=\"m.rkllm\"\nthis is no line\n");
        server.AddModel("missing-file", "FROM=\"missing.rkllm\"\n");
        server.AddModel("empty-file", "FROM=\"empty.rkllm\"\n");
        await File.WriteAllTextAsync(Path.Combine(server.Models, "empty-file", "empty.rkllm"), "");

        (HttpStatusCode status, JsonElement error) = await server.PostJsonAsync("/load_model", body);

        status.Should().Be(HttpStatusCode.BadRequest);
        error.GetProperty("error").GetString().Should().Contain(hint);
        server.Engine.Sessions.Should().BeEmpty();
        server.Log.Should().NotContain("   at ");
        (await server.GetJsonAsync("/current_model")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task From_in_the_body_replaces_a_missing_modelfile()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("bare");
        File.Delete(Path.Combine(server.Models, "bare", "Modelfile"));

        (HttpStatusCode outside, _) = await server.PostJsonAsync("/load_model", """{"model_name":"bare","from":"../bare/m.rkllm","huggingface_path":"a/b"}""");
        (HttpStatusCode status, _) = await server.PostJsonAsync("/load_model", """{"model_name":"bare","from":"m.rkllm","huggingface_path":"a/b"}""");

        outside.Should().Be(HttpStatusCode.BadRequest);
        status.Should().Be(HttpStatusCode.OK);
        File.Exists(Path.Combine(server.Models, "bare", "Modelfile")).Should().BeFalse();
    }

    [Fact]
    public async Task A_load_that_the_engine_refuses_reports_the_real_reason()
    {
        FakeEngine engine = new() { Load = (_, _) => Task.FromException<IEngineSession>(new EngineException("The model target_platform does not match!")) };
        await using TestServer server = await TestServer.StartAsync(engine);
        server.AddModel("m");

        (HttpStatusCode status, JsonElement error) = await server.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        error.GetProperty("error").GetString().Should().Contain("target_platform does not match");
        server.Log.Should().Contain("Model m is not loaded: The model target_platform does not match!");
        (await server.GetJsonAsync("/current_model")).Status.Should().Be(HttpStatusCode.NotFound);
    }
}

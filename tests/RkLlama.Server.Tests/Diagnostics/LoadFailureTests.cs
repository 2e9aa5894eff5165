using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Diagnostics;

/// <summary>The response to a failed load keeps its error message and names the check of the doctor that explains it.</summary>
public sealed class LoadFailureTests
{
    [Theory]
    [InlineData("none", null, "Model directory 'none' not found.", "models-directory")]
    [InlineData("empty", "", "FROM or HUGGINGFACE_PATH not defined in Modelfile.", "modelfile")]
    [InlineData("wrong", "FROM=\"m.rkllm\"\nTEMPERATURE=hot\n", null, "modelfile")]
    [InlineData("gone", "FROM=\"gone.rkllm\"\n", null, "model-file")]
    [InlineData("odd", "FROM=\"m.rkllm\"\nTEMPLATE=\"{% for %}\"\n", null, "template")]
    public async Task A_failure_found_by_the_server_names_its_check(string model, string? modelfile, string? error, string check)
    {
        await using TestServer server = await TestServer.StartAsync();
        if (modelfile is not null)
            server.AddModel(model, modelfile);

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/load_model", $$"""{"model_name":"{{model}}"}""");

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("see").GetString().Should().Be($"rkllama doctor ({check})");
        if (error is not null)
            body.GetProperty("error").GetString().Should().Be(error);
    }

    [Fact]
    public async Task Other_errors_name_no_check()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        (_, JsonElement body) = await server.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        body.GetRawText().Should().Be("""{"error":"A model is already loaded. Please unload it first."}""");
    }
}

using System.Net;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers;
using RkLlama.Prompts.Jinja.Library;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Diagnostics;

/// <summary>A load that fails names the line of the doctor that is about it, and says what it said before.</summary>
public sealed class LoadFailureTests
{
    [Theory]
    [InlineData("none", null, "Model directory 'none' not found.", "models-directory")]
    [InlineData("empty", "", "FROM or HUGGINGFACE_PATH not defined in Modelfile.", "modelfile")]
    [InlineData("wrong", "FROM=\"m.rkllm\"\nTEMPERATURE=hot\n", null, "modelfile")]
    [InlineData("gone", "FROM=\"gone.rkllm\"\n", null, "model-file")]
    [InlineData("odd", "FROM=\"m.rkllm\"\nTEMPLATE=\"{% for %}\"\n", null, "template")]
    public async Task What_the_server_itself_finds_names_its_check(string model, string? modelfile, string? error, string check)
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

    [Theory]
    [InlineData("invalid rkllm model", "(model-file)")]
    [InlineData("The model target_platform does not match", "(platform)")]
    [InlineData("failed to allocate handle, ret: -1, errno: 14, errstr: Bad address; load model file error", "(model-memory)")]
    [InlineData("failed to open rknpu module, need to insmod rknpu dirver; failed to open rknn device", "(npu-device)")]
    [InlineData("Too many open files", "(limits)")]
    [InlineData("the worker was killed by SIGILL", "(library-version)")]
    [InlineData("The RKLLM runtime could not be loaded (libgomp.so.1: cannot open shared object file): install it", "(library-needs)")]
    [InlineData("The RKLLM runtime could not be loaded (x.so: invalid ELF header): copy it", "(library-file)")]
    [InlineData("The RKLLM runtime contradicts itself (symbols, marker 1.1.4)", "(library-version)")]
    [InlineData("the runtime took longer than 300 s to load the model; its worker was ended", "")]
    public void The_runtimes_own_words_tell_theirs(string words, string check)
    {
        LoadFailure.Hint(new EngineException(words)).Should().Be($"rkllama doctor {check}".TrimEnd());
    }

    [Fact]
    public async Task Other_errors_are_as_they_were()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        (_, JsonElement body) = await server.PostJsonAsync("/load_model", """{"model_name":"m"}""");

        body.GetRawText().Should().Be("""{"error":"A model is already loaded. Please unload it first."}""");
    }
}

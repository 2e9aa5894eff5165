using System.Net;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Ollama;

/// <summary>Names of models with a tag, on all endpoints that read or return names.</summary>
public sealed class ModelTagTests
{
    [Fact]
    public async Task A_name_with_a_tag_is_listed_without_latest()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("llama3.2:1b");
        server.AddModel("m");

        (await NamesAsync(server, "/api/tags", "models", "name")).Should().Equal("llama3.2:1b", "m:latest");
        (await NamesAsync(server, "/api/tags", "models", "model")).Should().Equal("llama3.2:1b", "m:latest");
        (await NamesAsync(server, "/v1/models", "data", "id")).Should().Equal("llama3.2:1b", "m");
    }

    [Theory]
    [InlineData("llama3.2:1b", "llama3.2:1b")]
    [InlineData("LLAMA3.2:1B", "llama3.2:1b")]
    [InlineData("m", "m:latest")]
    [InlineData("m:latest", "m:latest")]
    public async Task A_listed_name_is_loaded_shown_and_answers(string name, string listed)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("llama3.2:1b");
        server.AddModel("m");

        (await server.PostJsonAsync("/load_model", $$"""{"model_name":"{{name}}"}""")).Status.Should().Be(HttpStatusCode.OK);
        (await NamesAsync(server, "/api/ps", "models", "name")).Should().Equal(listed);
        (await server.PostJsonAsync("/api/show", $$"""{"model":"{{name}}"}""")).Status.Should().Be(HttpStatusCode.OK);
        (await server.PostJsonAsync("/api/chat", $$"""{"model":"{{name}}","messages":[{"role":"user","content":"Hi"}],"stream":false}""")).Status.Should().Be(HttpStatusCode.OK);
        (await server.GetJsonAsync($"/v1/models/{name}")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_model_is_copied_renamed_and_deleted_under_a_name_with_a_tag()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        (await server.PostAsync("/api/copy", """{"source":"m","destination":"x:v2"}""")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await server.PostAsync("/api/rename", """{"source":"m:latest","destination":"y:1b"}""")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await NamesAsync(server, "/api/tags", "models", "name")).Should().Equal("x:v2", "y:1b");
        using HttpRequestMessage delete = new(HttpMethod.Delete, "/api/delete") { Content = new StringContent("""{"model":"y:1b"}""") };
        (await server.Client.SendAsync(delete)).StatusCode.Should().Be(HttpStatusCode.OK);

        Directory.GetDirectories(server.Models).Select(Path.GetFileName).Should().Equal("x:v2");
    }

    [Fact]
    public async Task The_Modelfile_of_Ollama_is_loaded_and_shown()
    {
        await using TestServer server = await TestServer.StartAsync();
        const string Modelfile = "from ./m.rkllm\nPARAMETER temperature 0.25\nPARAMETER stop \"<|im_end|>\"\nPARAMETER stop User:\nSYSTEM \"\"\"You are a pirate.\"\"\"\n";
        server.AddModel("m", Modelfile);

        (await server.PostJsonAsync("/load_model", """{"model_name":"m"}""")).Status.Should().Be(HttpStatusCode.OK);
        JsonElement shown = (await server.PostJsonAsync("/api/show", """{"model":"m"}""")).Body;

        shown.GetProperty("modelfile").GetString().Should().Be(Modelfile);
        shown.GetProperty("system").GetString().Should().Be("You are a pirate.");
        shown.GetProperty("parameters").GetString().Should().Contain("temperature 0.25\n").And.EndWith("\nstop \"<|im_end|>\"\nstop \"User:\"");
        server.Engine.Sessions[0].Model.Sampling.Temperature.Should().Be(0.25f);
    }

    private static async Task<IEnumerable<string?>> NamesAsync(TestServer server, string path, string list, string field) =>
        (await server.GetJsonAsync(path)).Body.GetProperty(list).EnumerateArray().Select(item => item.GetProperty(field).GetString());
}

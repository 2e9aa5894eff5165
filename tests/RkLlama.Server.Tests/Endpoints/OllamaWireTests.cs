using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Endpoints;

/// <summary>What clients of the Ollama API look at beside the answer itself.</summary>
public sealed class OllamaWireTests
{
    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Every_reply_of_generate_has_a_context_because_some_clients_drop_what_has_none(string stream)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        using HttpResponseMessage response = await server.PostAsync("/api/generate", $$"""{"model":"m","prompt":"Hi","stream":{{stream}}}""");

        foreach (string line in (await response.Content.ReadAsStringAsync()).Trim().Split('\n'))
            JsonDocument.Parse(line).RootElement.GetProperty("context").GetArrayLength().Should().Be(0, "{0}", line);
    }

    [Theory]
    [InlineData("FROM=\"m.rkllm\"\nPOOLING=\"mean\"\n", true)]
    [InlineData("FROM=\"m.rkllm\"\n", false)]
    public async Task A_model_whose_Modelfile_says_how_to_pool_can_embed(string modelfile, bool embeds)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m", modelfile);

        (_, JsonElement body) = await server.PostJsonAsync("/api/show", """{"model":"m"}""");

        body.GetProperty("capabilities").EnumerateArray().Any(one => one.GetString() == "embedding").Should().Be(embeds);
    }
}

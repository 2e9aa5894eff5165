using System.Net;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api;

/// <summary>Named pipes in the place of a model's files. A plain open of one blocks for ever.</summary>
public sealed class IrregularFileTests
{
    [Theory]
    [InlineData("Modelfile", HttpStatusCode.BadRequest)]
    [InlineData("tokenizer.json", HttpStatusCode.OK)]
    [InlineData("chat_template.jinja", HttpStatusCode.OK)]
    [InlineData("m.rkllm", HttpStatusCode.BadRequest)]
    public async Task A_named_pipe_blocks_no_request_and_not_the_stop(string name, HttpStatusCode load)
    {
        TestServer server = await TestServer.StartAsync();
        server.AddModel("m");
        server.AddModel("good");
        string file = Path.Combine(server.Models, "m", name);
        File.Delete(file);
        using (System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", [file]))
            make.WaitForExit();

        foreach (string path in (string[])["/models", "/api/tags", "/v1/models"])
        {
            using HttpResponseMessage list = await server.Client.GetAsync(new Uri(path, UriKind.Relative)).WaitAsync(Patience);
            (await list.Content.ReadAsStringAsync()).Should().Contain("good");
        }

        using (HttpResponseMessage loaded = await server.PostAsync("/load_model", """{"model_name":"m"}""").WaitAsync(Patience))
            loaded.StatusCode.Should().Be(load);
        using (HttpResponseMessage shown = await server.PostAsync("/api/show", """{"model":"m"}""").WaitAsync(Patience))
            ((int)shown.StatusCode).Should().BeLessThan(500);
        using (HttpResponseMessage unloaded = await server.PostAsync("/unload_model", "").WaitAsync(Patience))
            unloaded.StatusCode.Should().Be(load);
        await server.DisposeAsync().AsTask().WaitAsync(Patience);
    }
}

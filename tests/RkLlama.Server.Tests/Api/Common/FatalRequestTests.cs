using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Common;

/// <summary>A request that ends its worker costs this request, and not the model.</summary>
public sealed class FatalRequestTests
{
    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"deadly"}]}""", false)]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"deadly"}],"stream":true}""", false)]
    [InlineData("/api/chat", """{"model":"m","messages":[{"role":"user","content":"deadly"}]}""", false)]
    [InlineData("/v1/responses", """{"model":"m","input":"deadly"}""", false)]
    [InlineData("/v1/completions", """{"model":"m","prompt":"deadly"}""", false)]
    [InlineData("/v1/embeddings", """{"model":"m","input":"deadly"}""", true)]
    [InlineData("/api/embed", """{"model":"m","input":["fine","deadly"]}""", true)]
    public async Task The_third_time_is_refused_and_other_requests_are_answered(string path, string request, bool embeds)
    {
        await using TestServer server = await StartAsync(embeds);

        List<HttpStatusCode> statuses = [];
        string last = "";
        for (int i = 0; i < 4; i++)
        {
            using HttpResponseMessage response = await server.PostAsync(path, request);
            statuses.Add(response.StatusCode);
            last = await response.Content.ReadAsStringAsync();
        }

        using HttpResponseMessage other = await server.PostAsync(path, request.Replace("deadly", "harmless", StringComparison.Ordinal));

        statuses.Should().Equal(
            HttpStatusCode.InternalServerError, HttpStatusCode.InternalServerError, HttpStatusCode.UnprocessableEntity, HttpStatusCode.UnprocessableEntity);
        last.Should().Contain("ended the worker of model m 2 times");
        other.StatusCode.Should().Be(HttpStatusCode.OK);
        server.Engine.Sessions.Should().HaveCount(3, "one load and two restarts");
    }

    [Fact]
    public async Task The_operators_load_of_the_model_forgets_its_deadly_requests()
    {
        await using TestServer server = await StartAsync(embeds: false);
        const string Request = """{"model":"m","messages":[{"role":"user","content":"deadly"}]}""";
        for (int i = 0; i < 3; i++)
            (await server.PostAsync("/v1/chat/completions", Request)).Dispose();
        (await server.PostAsync("/unload_model", "")).Dispose();
        (await server.PostAsync("/load_model", """{"model_name":"m"}""")).StatusCode.Should().Be(HttpStatusCode.OK);

        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/v1/chat/completions", Request);

        status.Should().Be(HttpStatusCode.InternalServerError, "{0}", body);
    }

    private static async Task<TestServer> StartAsync(bool embeds)
    {
        FakeEngine engine = new();
        engine.Run = async run =>
        {
            if (run.Prompt.Contains("deadly", StringComparison.Ordinal))
            {
                // The run is known to the server before the worker dies.
                await Task.Yield();
                engine.Sessions[^1].Crash("the worker was killed by SIGSEGV");
                return;
            }

            if (!embeds)
                await run.SendAsync("fine");
            run.Engine.Complete(new(RunEndReason.Stop, 1, null, null), [1]);
        };
        TestServer server = await TestServer.StartAsync(engine);
        server.AddModel("m");
        return server;
    }
}

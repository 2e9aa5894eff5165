using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api;

/// <summary>Which requests are background requests. All others go before them.</summary>
public sealed class BackgroundRequestTests : IDisposable
{
    private const string TitleTask = "### Task:\\nSuggest a title.\\n### Chat History:\\n<chat_history>\\nUSER: Hi\\n</chat_history>";

    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Theory]
    [InlineData("/v1/chat/completions", "background", "Title", "", true)]
    [InlineData("/generate", "Background", "Title", "", true)]
    [InlineData("/v1/chat/completions", null, TitleTask, "", true)]
    [InlineData("/api/chat", null, TitleTask, "", true)]
    [InlineData("/v1/chat/completions", null, "Title", ",\"metadata\":{\"task\":\"title_generation\"}", true)]
    [InlineData("/api/chat", null, "Title", ",\"metadata\":{\"task\":\"title_generation\"}", true)]
    [InlineData("/v1/responses", null, "Title", ",\"metadata\":{\"task\":\"title_generation\"}", true)]
    [InlineData("/v1/responses", null, TitleTask, "", true)]
    [InlineData("/v1/responses", null, "Title", ",\"metadata\":{\"topic\":\"titles\"}", false)]
    [InlineData("/v1/chat/completions", "high", "Title", "", false)]
    [InlineData("/v1/chat/completions", null, "### Task:\\nAnswer with the context.\\n<chat_history>\\n</chat_history>\\nWhy?", "", false)]
    [InlineData("/v1/chat/completions", null, "Title", ",\"metadata\":{\"task\":\"\"}", false)]
    [InlineData("/v1/chat/completions", null, "Title", ",\"metadata\":\"task\"", false)]
    public async Task A_background_request_is_overtaken(string path, string? priority, string content, string fields, bool isBackground)
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        RunQueue queue = server.Services.GetRequiredService<RunQueue>();
        Task<(HttpStatusCode, JsonElement)> running = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent($$"""{"model":"m","{{(path == "/v1/responses" ? "input" : "messages")}}":[{"role":"user","content":"{{content}}"}],"stream":false{{fields}}}""", Encoding.UTF8, "application/json"),
        };
        if (priority is not null)
            request.Headers.Add("X-RkLlama-Priority", priority);
        Task<HttpResponseMessage> asked = server.Client.SendAsync(request);
        await EventuallyAsync(() => queue.Waiting == 1);
        Task<(HttpStatusCode, JsonElement)> person = server.PostJsonAsync("/generate", Hello.Replace("Hi", "Person", StringComparison.Ordinal));
        await EventuallyAsync(() => queue.Waiting == 2);

        run.End(RunEndReason.Stop);
        FakeRun second = await _held.NextAsync();
        second.End(RunEndReason.Stop);
        FakeRun third = await _held.NextAsync();
        third.End(RunEndReason.Stop);

        second.Prompt.Contains("Person", StringComparison.Ordinal).Should().Be(isBackground);
        third.Prompt.Contains("Person", StringComparison.Ordinal).Should().Be(!isBackground);
        await Task.WhenAll(running, person);
        using HttpResponseMessage response = await asked;
        response.StatusCode.Should().Be(HttpStatusCode.OK);
    }
}

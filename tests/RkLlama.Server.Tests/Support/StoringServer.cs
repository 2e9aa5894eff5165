using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;

namespace RkLlama.Server.Tests.Support;

/// <summary>A server that stores answers in a temporary directory, with one model. It can be started again on the same directory.</summary>
internal sealed class StoringServer : IAsyncDisposable
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("rkllama-state-");
    private readonly FakeEngine _engine;
    private readonly Func<NodeOptions, NodeOptions> _configure;

    private StoringServer(FakeEngine engine, Func<NodeOptions, NodeOptions>? configure)
    {
        _engine = engine;
        _configure = options => (configure?.Invoke(options) ?? options) with { StateDirectory = _state.FullName };
    }

    public TestServer Server { get; private set; } = null!;

    public string Files => Path.Join(_state.FullName, "responses");

    public static async Task<StoringServer> StartAsync(FakeEngine engine, Func<NodeOptions, NodeOptions>? configure = null)
    {
        StoringServer created = new(engine, configure);
        await created.RestartAsync();
        return created;
    }

    /// <summary>Starts a server whose model answers each prompt with these tokens.</summary>
    public static Task<StoringServer> StartAsync(params string[] tokens) => StartAsync(new FakeEngine
    {
        Run = async run =>
        {
            foreach (string token in tokens)
                await run.SendAsync(token);
            run.End(RunEndReason.Stop);
        },
    });

    public async Task RestartAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
        Server = await TestServer.StartAsync(_engine, _configure);
        Server.AddModel("m", "FROM=\"m.rkllm\"\nTEMPLATE=\"{% for m in messages %}[{{ m.role }}:{{ m.content or '' }}]{% endfor %}\"\n");
    }

    /// <summary>Sends a request and returns the status and the JSON of the answer.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpMethod method, string path, string? body = null, string? key = null)
    {
        using HttpResponseMessage response = await Server.Client.SendAsync(Request(method, path, body, key));
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    public Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, string body) => SendAsync(HttpMethod.Post, path, body);

    /// <summary>Starts a request and returns when its headers are there.</summary>
    public Task<HttpResponseMessage> OpenAsync(HttpMethod method, string path, string? body = null, string? conversation = null, string? last = null, HttpClient? client = null)
    {
        HttpRequestMessage request = Request(method, path, body, null);
        if (conversation is not null)
            request.Headers.Add("X-Conversation-Id", conversation);
        if (last is not null)
            request.Headers.Add("Last-Event-ID", last);
        return (client ?? Server.Client).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Waits until a stored response has a status, and returns it.</summary>
    public async Task<JsonElement> UntilStatusAsync(string id, string status)
    {
        using CancellationTokenSource timeout = new(HeldRuns.Patience);
        while (true)
        {
            (_, JsonElement body) = await GetAsync($"/v1/responses/{id}");
            if (body.GetProperty("status").GetString() == status)
                return body;
            await Task.Delay(10, timeout.Token);
        }
    }

    public static string IdOf(JsonElement response) => response.GetProperty("id").GetString()!;

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _state.Delete(recursive: true);
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string? body, string? key)
    {
        HttpRequestMessage request = new(method, new Uri(path, UriKind.Relative));
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (key is not null)
            request.Headers.Add("X-Api-Key", key);
        return request;
    }
}

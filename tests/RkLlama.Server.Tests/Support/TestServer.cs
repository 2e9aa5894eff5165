using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Stored;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Hub.Hubs;
using RkLlama.Server.Hosting;

namespace RkLlama.Server.Tests.Support;

/// <summary>The real server on a loopback port, with a fake engine and a temporary models directory.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly StringWriter _log;
    private readonly DirectoryInfo _models;

    private TestServer(WebApplication app, StringWriter log, DirectoryInfo models, FakeEngine engine)
    {
        _app = app;
        _log = log;
        _models = models;
        Engine = engine;
        Address = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Client = NewClient();
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public FakeEngine Engine { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>The number of queued requests.</summary>
    public int QueueLength => Services.GetRequiredService<RunQueue>().Waiting;

    /// <summary>Whether no request holds the queue slot.</summary>
    public bool IsIdle => !Services.GetRequiredService<RunQueue>().IsBusy;

    public string Models => _models.FullName;

    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    public static async Task<TestServer> StartAsync(
        FakeEngine? engine = null,
        Func<NodeOptions, NodeOptions>? configure = null,
        TimeProvider? time = null,
        HubOptions? hubs = null,
        Action<IServiceCollection>? services = null)
    {
        engine ??= new();
        DirectoryInfo models = Directory.CreateTempSubdirectory("rkllama-tests-");
        StringWriter log = new();
        NodeOptions options = new() { Host = IPAddress.Loopback, Port = 0, ModelsDirectory = models.FullName };
        WebApplication app = ServerHost.Build(configure?.Invoke(options) ?? options, LoggingSetup.Create(log), added =>
        {
            added.Replace(ServiceDescriptor.Singleton<IEngine>(engine));
            if (hubs is not null)
                added.Replace(ServiceDescriptor.Singleton<Func<HubOptions>>(() => hubs));
            if (time is not null)
                added.Replace(ServiceDescriptor.Singleton(time));
            services?.Invoke(added);
        });
        await app.StartAsync();
        return new(app, log, models, engine);
    }

    /// <summary>Creates a client that closes the connection if an answer is not read to its end. By default, .NET reads the rest.</summary>
    public HttpClient NewClient() => new(new SocketsHttpHandler { MaxResponseDrainSize = 0 }) { BaseAddress = Address };

    /// <summary>Adds a model directory with a Modelfile and a file that passes the model file check.</summary>
    public void AddModel(string name, string modelfile = "FROM=\"m.rkllm\"\n")
    {
        DirectoryInfo directory = _models.CreateSubdirectory(name);
        File.WriteAllText(Path.Combine(directory.FullName, "Modelfile"), modelfile);
        File.WriteAllBytes(Path.Combine(directory.FullName, "m.rkllm"), [.. Enumerable.Repeat((byte)7, 4096)]);
    }

    public async Task LoadAsync(string name = "m", string modelfile = "FROM=\"m.rkllm\"\n")
    {
        AddModel(name, modelfile);
        (await PostAsync("/load_model", $$"""{"model_name":"{{name}}"}""")).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    public Task<HttpResponseMessage> PostAsync(string path, string body, CancellationToken cancellationToken = default) =>
        Client.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), cancellationToken);

    public async Task<(HttpStatusCode Status, JsonElement Body)> PostJsonAsync(string path, string body)
    {
        using HttpResponseMessage response = await PostAsync(path, body);
        return (response.StatusCode, await JsonAsync(response));
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> GetJsonAsync(string path)
    {
        using HttpResponseMessage response = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return (response.StatusCode, await JsonAsync(response));
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();

        // A file that is written now would be in a directory that is deleted below.
        if (Services.GetRequiredService<AnswerStore>() is { IsOn: true } store)
            await store.FlushAsync();
        await _app.DisposeAsync();
        await _log.DisposeAsync();
        _models.Delete(recursive: true);
    }
}

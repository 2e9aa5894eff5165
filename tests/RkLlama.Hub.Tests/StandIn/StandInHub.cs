using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace RkLlama.Hub.Tests.StandIn;

/// <summary>
/// A stand-in for Hugging Face and ModelScope on loopback: one origin that describes repositories and redirects, and one that has the bytes, with addresses that
/// have a signature. Both do wrong what real ones do wrong, as tests ask for.
/// </summary>
internal sealed class StandInHub : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, StandInRepository> _repositories = new();
    private WebApplication _hub = null!;
    private WebApplication _storage = null!;
    private readonly StandInStorage _files;
    private readonly StandInHuggingFace _huggingFace;
    private readonly StandInModelScope _modelScope;
    private int _signature = 1;

    private StandInHub()
    {
        _files = new(this);
        _huggingFace = new(this, _files);
        _modelScope = new(this, _files);
    }

    /// <summary>The origin with the API.</summary>
    internal Uri Address { get; private set; } = null!;

    /// <summary>The origin with the bytes of large files, to which the hub redirects. Tests may name it otherwise.</summary>
    internal Uri StorageAddress { get; set; } = null!;

    /// <summary>The paths of requests to the hub with their queries, in order.</summary>
    internal ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>The first byte and the path of each request for bytes, in order.</summary>
    internal ConcurrentQueue<(string Path, long From)> Reads { get; } = new();

    /// <summary>The number of bytes of large files that were sent.</summary>
    internal long SentBytes;

    /// <summary>The number of answers whose bytes are being sent.</summary>
    internal int ActiveReads;

    /// <summary>The number of next redirects whose signatures have expired already.</summary>
    internal int ExpiredRedirects;

    /// <summary>Whether a request to the storage had a token.</summary>
    internal bool TokenReachedStorage { get; set; }

    /// <summary>The token that private and gated repositories need.</summary>
    internal string Token { get; set; } = "hf_right";

    /// <summary>Returns the fault for a request to the hub; <see langword="null"/> for none. Called with the path.</summary>
    internal Func<string, Fault?> HubFault { get; set; } = static _ => null;

    /// <summary>Returns the fault for a request for bytes; <see langword="null"/> for none. Called with the path of the file and the first byte.</summary>
    internal Func<string, long, Fault?> StorageFault { get; set; } = static (_, _) => null;

    /// <param name="certificate">The certificate of both origins; null for http.</param>
    internal static async Task<StandInHub> StartAsync(X509Certificate2? certificate = null)
    {
        StandInHub hub = new();
        hub._hub = Build(hub.AnswerHubAsync, certificate);
        hub._storage = Build(hub._files.AnswerAsync, certificate);
        await hub._hub.StartAsync();
        await hub._storage.StartAsync();
        hub.Address = AddressOf(hub._hub);
        hub.StorageAddress = AddressOf(hub._storage);
        return hub;
    }

    internal StandInRepository Add(string name) => _repositories.GetOrAdd(name, static name => new(name));

    internal StandInRepository? Find(string name) => _repositories.GetValueOrDefault(name);

    /// <summary>The signature that addresses of the storage need now.</summary>
    internal int Signature => Volatile.Read(ref _signature);

    /// <summary>Makes all addresses invalid that the hub has redirected to.</summary>
    internal void ExpireSignatures() => Interlocked.Increment(ref _signature);

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private static WebApplication Build(RequestDelegate answer, X509Certificate2? certificate)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options => options.Listen(System.Net.IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        builder.Logging.ClearProviders();
        WebApplication application = builder.Build();
        application.Run(answer);
        return application;
    }

    private static Uri AddressOf(WebApplication application) =>
        new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    private async Task AnswerHubAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        Requests.Enqueue(path + context.Request.QueryString);
        if (HubFault(path) is { } fault && await StandInAnswers.FailAsync(context, fault))
            return;

        if (path.StartsWith(StandInModelScope.Prefix, StringComparison.Ordinal))
            await _modelScope.AnswerAsync(context, path);
        else
            await _huggingFace.AnswerAsync(context, path);
    }
}

using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Net.Http.Headers;
using RkLlama.Engine;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Limits;
using RkLlama.Server.Api.Anthropic;
using RkLlama.Server.Api.LlamaServer;
using RkLlama.Server.Api.Node;
using RkLlama.Server.Api.Ollama;
using RkLlama.Server.Api.OpenAi;
using RkLlama.Server.Api.Operations;
using RkLlama.Server.Api.Page;
using RkLlama.Server.Api.RkLlama;
using RkLlama.Server.Connections;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Middleware;
using RkLlama.Server.Monitoring;
using RkLlama.Server.OpenApi;
using RkLlama.Server.Pulls;
using Serilog;

namespace RkLlama.Server.Hosting;

/// <summary>Builds the server and runs it.</summary>
internal static partial class ServerHost
{
    // The first API is the default, for paths that belong to no API. Anthropic's prefix is below that of OpenAI, so it comes first.
    private static readonly IApi[] Apis = [new RkLlamaApi(), new AnthropicApi(), new OpenAiApi(), new OllamaApi(), new LlamaServerApi(), new OperationsApi(), new NodeApi(), new PageApi()];

    // Timeout for the requests that are active when the host stops. DrainingLifetime has ended all runs before, so these requests are short.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(10);

    // Timeout for the headers of a request. A slower client would only occupy a connection.
    private static readonly TimeSpan HeaderTime = TimeSpan.FromSeconds(15);

    // Timeout of an idle connection.
    private static readonly TimeSpan KeepAliveTime = TimeSpan.FromSeconds(120);

    /// <summary>Runs the server until it stops.</summary>
    /// <returns>The exit code: 0 after an orderly stop, 1 if the server could not start.</returns>
    internal static async Task<int> RunAsync(NodeOptions options)
    {
        if (AddressSpaceLimit.FindProblem(options) is { } problem)
        {
            await Console.Error.WriteLineAsync($"The server could not start: {problem}.").ConfigureAwait(false);
            return 1;
        }

        HeapLimit.Set(options.MemoryMiB);
        DroppedLogLines dropped = new();
        LogRing lines = new();
        await using Serilog.Core.Logger log = LoggingSetup.Create(LoggingSetup.OpenConsole(dropped), options.ApiKey is null ? null : lines);
        WebApplication app = Build(FileLimit.Fit(options), log, services => services.AddSingleton(dropped).AddSingleton(lines));
        await using (app.ConfigureAwait(false))
        {
            try
            {
                await app.StartAsync().ConfigureAwait(false);
            }
            catch (Exception ex) when (ex is IOException or SocketException)
            {
                // The port is in use, or the server may not listen on it, or the address is none of this machine.
                log.Fatal("{Reason}", $"The server could not start: {ex.Message}");
                return 1;
            }

            FileLimit.Check(options, app.Logger);
            app.Services.GetRequiredService<HeapTrimmer>().MemoryFreed();
            Log.Listening(app.Logger, string.Join(", ", app.Urls), BuildInfo.Version, options.ModelsDirectory);
            await app.WaitForShutdownAsync().ConfigureAwait(false);
            return 0;
        }
    }

    /// <summary>Builds the server without starting it.</summary>
    /// <param name="configure">Changes the services after the server has registered them; null for no changes.</param>
    internal static WebApplication Build(NodeOptions options, Serilog.ILogger log, Action<IServiceCollection>? configure = null)
    {
        // By default the content root is the working directory, and the host watches it recursively. For a service, this would be "/".
        // The argument turns the watch off, because there are no configuration files. The watch would cost a thread in any directory.
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.Configuration.Sources.Clear();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.Services.AddSerilog(log);
        builder.Services.Configure<HostOptions>(host =>
        {
            host.ShutdownTimeout = ShutdownTimeout;

            // If a background service fails, the server continues to answer requests.
            host.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore;
        });

        // The thread that writes a response also sends it, which saves two thread switches per token. Received data still goes through the thread pool. .NET's
        // setting for inline completions is not used, because with it handlers would run on the one thread that all sockets share.
        builder.Services.Configure<SocketTransportOptions>(static sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.AddSingleton<IConnectionListenerFactory, ConnectionListenerFactory>();
        AddServer(builder.Services, options);
        configure?.Invoke(builder.Services);

        WebApplication app = builder.Build();

        // Routing comes before the other middleware, because the middleware reads the metadata of the endpoint: its API, and the checks that it skips.
        app.Use(FirstRequestTimeout.OnRequestAsync);
        app.Use(PipeliningGuard.OnRequestAsync);
        app.Use(PathMiddleware.OnRequestAsync);
        app.UseRouting();
        app.UseMiddleware<NodeHeadersMiddleware>();
        app.UseMiddleware<RequestMetricsMiddleware>();
        app.UseMiddleware<ErrorMiddleware>();
        app.UseMiddleware<TransferEncodingMiddleware>();
        app.Use(app.Services.GetRequiredService<ConnectionLimiter>().OnRequestAsync);
        app.UseMiddleware<HostMiddleware>();
        app.UseMiddleware<OriginMiddleware>();
        app.Services.GetRequiredService<NodeSampler>();
        OriginPolicy origins = app.Services.GetRequiredService<OriginPolicy>();
        app.UseCors(policy => (origins.AllowsAll ? policy.AllowAnyOrigin() : policy.SetIsOriginAllowed(origins.IsAllowed))
            .AllowAnyHeader().AllowAnyMethod().WithExposedHeaders([HeaderNames.RetryAfter, .. RkLlamaHeaders.All, .. Apis.Select(static api => api.RequestIdHeader).OfType<string>()]));
        app.UseMiddleware<ApiKeyMiddleware>();
        app.UseMiddleware<ReadOnlyMiddleware>();
        app.UseMiddleware<DrainMiddleware>();
        app.Services.GetRequiredService<ApiRegistry>().Map(app);
        return app;
    }

    private static void Configure(KestrelServerOptions kestrel, NodeOptions options)
    {
        ConnectionLimiter connections = kestrel.ApplicationServices.GetRequiredService<ConnectionLimiter>();
        FirstRequestTimeout firstRequest = kestrel.ApplicationServices.GetRequiredService<FirstRequestTimeout>();
        kestrel.AddServerHeader = false;

        // Kestrel's limit is off, because RequestBody has its own limit and sends an error response in the format of the API.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MaxRequestBufferSize = ConnectionListenerFactory.MaxUnreadBytes;
        kestrel.Limits.RequestHeadersTimeout = HeaderTime;
        kestrel.Limits.KeepAliveTimeout = KeepAliveTime;
        kestrel.RequestHeaderEncodingSelector = StrictHeaderEncoding.Of;
        if (options.Host is { } address)
            kestrel.Listen(address, options.Port, Guard);
        else
            kestrel.ListenAnyIP(options.Port, Guard);

        void Guard(ListenOptions listen)
        {
            listen.Use(next => connection => connections.OnConnectionAsync(connection, next));
            listen.Use(next => connection => firstRequest.OnConnectionAsync(connection, next));
            listen.Use(next => connection => HalfCloseWatch.OnConnectionAsync(connection, next));
        }
    }

    private static void AddServer(IServiceCollection services, NodeOptions options)
    {
        services.AddEngine(options);
        services.AddPulls();
        services.AddSingleton<HardwareGauges>();
        services.AddSingleton<DroppedLogLines>();
        services.AddMonitoring();
        services.AddNodeApi();
        services.AddSingleton<NodeGauges>();
        services.AddSingleton(new ApiRegistry(Apis));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, ClientHeaderPolicy>());
        services.AddSingleton(provider => new KeepAlive(options.StreamKeepAliveInterval, options.PaddingDelay, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PageFiles>();
        services.AddSingleton<HostNames>();
        services.AddSingleton<OriginPolicy>();
        services.AddSingleton<ConnectionLimiter>();
        services.AddSingleton<FirstRequestTimeout>();
        services.AddSingleton<RequestBodyBudget>();
        services.AddSingleton<RetryDeduplicator>();
        services.AddSingleton<ResumableStreams>();
        services.AddSingleton<RequestReader>();
        services.AddSingleton<ExceptionMapper>();
        services.AddCors();
        services.AddOpenApiDocument(
            Apis,
            [RkLlamaJson.Wire, AnthropicJson.Wire, OpenAiJson.Wire, OllamaJson.Wire, LlamaServerJson.Wire, ErrorJson.Wire, StatusJson.Wire, NodeJson.Wire, RkLlamaBodyJson.Default, AnthropicBodyJson.Default, OpenAiBodyJson.Default, OllamaBodyJson.Default, LlamaServerBodyJson.Default, NodeBodyJson.Default]);
        services.AddSingleton(static provider => new SystemdNotifier(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), provider.GetRequiredService<ILogger<SystemdNotifier>>()));
        services.AddSingleton<IHostLifetime, DrainingLifetime>();
        services.AddSingleton<HaproxyAgentCheck>();
        services.AddHostedService(static provider => provider.GetRequiredService<HaproxyAgentCheck>());
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "RkLlama {Version} listens on {Urls}; models in {Models}")]
        internal static partial void Listening(Microsoft.Extensions.Logging.ILogger logger, string urls, string version, string models);
    }
}

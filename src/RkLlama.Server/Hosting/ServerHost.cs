using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Net.Http.Headers;
using RkLlama.Engine;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Api.Ollama;
using RkLlama.Server.Api.OpenAi;
using RkLlama.Server.Api.Operations;
using RkLlama.Server.Api.RkLlama;
using RkLlama.Server.Http;
using RkLlama.Server.Middleware;
using RkLlama.Server.Monitoring;
using RkLlama.Server.OpenApi;
using Serilog;

namespace RkLlama.Server.Hosting;

/// <summary>Puts the server together and runs it.</summary>
internal static partial class ServerHost
{
    // The first one answers for paths that belong to none.
    private static readonly IApi[] Apis = [new RkLlamaApi(), new OpenAiApi(), new OllamaApi(), new OperationsApi()];

    // Answers are finished or cut before the host stops; what is left takes no time.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(10);

    // A client that takes longer for its headers only holds a connection.
    private static readonly TimeSpan HeaderTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KeepAliveTime = TimeSpan.FromSeconds(120);

    /// <returns>The exit code: 0 after an orderly stop, 1 when the server could not start.</returns>
    internal static async Task<int> RunAsync(NodeOptions options)
    {
        await using Serilog.Core.Logger log = LoggingSetup.Create();
        WebApplication app = Build(options, log);
        await using (app.ConfigureAwait(false))
        {
            try
            {
                await app.StartAsync().ConfigureAwait(false);
            }
            catch (IOException ex)
            {
                // Kestrel's way to say that the port is taken.
                log.Fatal("{Reason}", $"The server could not start: {ex.Message}");
                return 1;
            }

            Log.Listening(app.Logger, string.Join(", ", app.Urls), BuildInfo.Version, options.Models);
            await app.WaitForShutdownAsync().ConfigureAwait(false);
            return 0;
        }
    }

    /// <summary>The server, not started.</summary>
    internal static WebApplication Build(NodeOptions options, Serilog.ILogger log, Action<IServiceCollection>? configure = null)
    {
        // The content root is watched recursively by default; the working directory of a service is "/".
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.Services.AddSerilog(log);
        builder.Services.Configure<HostOptions>(host =>
        {
            host.ShutdownTimeout = ShutdownTimeout;

            // A server that can still answer does.
            host.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore;
        });

        // What an answer writes is sent where it is written, not by another thread: two hops less per token. What a socket brings still comes through the
        // pool (the runtime's own inline completions would have handlers run on the thread that all sockets share).
        builder.Services.Configure<SocketTransportOptions>(static sockets => sockets.UnsafePreferInlineScheduling = true);
        AddServer(builder.Services, options);
        configure?.Invoke(builder.Services);

        WebApplication app = builder.Build();
        // The endpoint is known first: its metadata says which API answers, and which bounds hold.
        app.UseRouting();
        app.UseMiddleware<NodeHeadersMiddleware>();
        app.UseMiddleware<RequestMetricsMiddleware>();
        app.UseMiddleware<ErrorMiddleware>();
        app.Use(app.Services.GetRequiredService<ConnectionLimiter>().OnRequestAsync);
        app.UseMiddleware<OriginMiddleware>();
        if (options.Origins.Count > 0)
            app.UseCors(policy => (options.Origins.Contains("*") ? policy.AllowAnyOrigin() : policy.WithOrigins([.. options.Origins]))
                .AllowAnyHeader().AllowAnyMethod().WithExposedHeaders([HeaderNames.RetryAfter, .. RkLlamaHeaders.All]));
        app.UseMiddleware<ApiKeyMiddleware>();
        app.UseMiddleware<DrainMiddleware>();
        app.Services.GetRequiredService<ApiRegistry>().Map(app);
        return app;
    }

    private static void Configure(KestrelServerOptions kestrel, NodeOptions options)
    {
        ConnectionLimiter connections = kestrel.ApplicationServices.GetRequiredService<ConnectionLimiter>();
        kestrel.AddServerHeader = false;

        // RequestBody has bounds of its own, which let the client see the answer.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.RequestHeadersTimeout = HeaderTime;
        kestrel.Limits.KeepAliveTimeout = KeepAliveTime;
        if (options.Host is { } address)
            kestrel.Listen(address, options.Port, Guard);
        else
            kestrel.ListenAnyIP(options.Port, Guard);

        void Guard(ListenOptions listen) => listen.Use(next => connection => connections.OnConnectionAsync(connection, next));
    }

    private static void AddServer(IServiceCollection services, NodeOptions options)
    {
        services.AddEngine(options);
        services.AddSingleton<HardwareGauges>();
        services.AddSingleton<NodeGauges>();
        services.AddSingleton(new ApiRegistry(Apis));
        services.AddSingleton(provider => new KeepAlive(options.StreamKeepAlive, options.KeepAliveDelay, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ConnectionLimiter>();
        services.AddSingleton<RequestBodyBudget>();
        services.AddSingleton<RetryDeduplicator>();
        services.AddSingleton<RequestReader>();
        services.AddSingleton<ExceptionMapper>();
        services.AddCors();
        services.AddOpenApiDocument(
            Apis,
            [RkLlamaJson.Wire, OpenAiJson.Wire, OllamaJson.Wire, ErrorJson.Wire, StatusJson.Wire, RkLlamaBodyJson.Default, OpenAiBodyJson.Default, OllamaBodyJson.Default]);
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

using RkLlama.Engine.Models;
using RkLlama.Engine.Scheduling;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Names;

namespace RkLlama.Server.Pulls;

internal static class PullServices
{
    /// <summary>Registers the services that download models and share them with other nodes.</summary>
    internal static IServiceCollection AddPulls(this IServiceCollection services) => services
        .AddSingleton<Func<HubOptions>>(static () => HubEnvironment.Read(Environment.GetEnvironmentVariable))
        .AddSingleton(static provider => new Lazy<ShortNames>(() => PullPlans.LoadNames(provider.GetRequiredService<ILogger<PullPlans>>())))
        .AddSingleton<SourceNames>()
        .AddSingleton<ISourceNames>(static provider => provider.GetRequiredService<SourceNames>())
        .AddSingleton<NodeKeys>()
        .AddSingleton<PullCounters>()
        .AddSingleton<FileHashes>()
        .AddSingleton<SharedModels>()
        .AddSingleton<FileTransfers>()
        .AddSingleton<PullPlans>()
        .AddSingleton<PullService>()
        .AddSingleton<BackgroundPulls>()
        .AddSingleton<IModelDownloads>(static provider => provider.GetRequiredService<PullService>())
        .AddHostedService<StartupPulls>();
}

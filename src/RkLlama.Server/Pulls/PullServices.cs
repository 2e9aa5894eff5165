using RkLlama.Engine.Scheduling;
using RkLlama.Hub.Hubs;

namespace RkLlama.Server.Pulls;

internal static class PullServices
{
    /// <summary>Registers the services that download models and share them with other nodes.</summary>
    internal static IServiceCollection AddPulls(this IServiceCollection services) => services
        .AddSingleton(static _ => new Lazy<HubOptions>(static () => HubEnvironment.Read(Environment.GetEnvironmentVariable), LazyThreadSafetyMode.PublicationOnly))
        .AddSingleton<PullCounters>()
        .AddSingleton<FileHashes>()
        .AddSingleton<SharedModels>()
        .AddSingleton<PullPlans>()
        .AddSingleton<PullService>()
        .AddSingleton<IModelDownloads>(static provider => provider.GetRequiredService<PullService>())
        .AddHostedService<StartupPulls>();
}

using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Generation.Prefixes;
using RkLlama.Engine.Generation.Vectors;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Prefixes;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Stored;
using RkLlama.Engine.Workers;
using RkLlama.Engine.Workers.Server;

namespace RkLlama.Engine;

internal static class EngineServices
{
    /// <summary>
    /// Registers the services of this project, from the model catalog to generation and embeddings. The HTTP server uses them. The caller registers logging.
    /// </summary>
    internal static IServiceCollection AddEngine(this IServiceCollection services, NodeOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(static provider => new ModelCatalog(provider.GetRequiredService<NodeOptions>().ModelsDirectory, names: provider.GetService<ISourceNames>()));
        services.AddSingleton<IStoreFiles, StoreFiles>();
        services.AddSingleton<ModelStore>();
        services.AddSingleton(new HardwareReader(options.SysfsRoot));
        services.AddSingleton<NodeMetrics>();
        services.AddSingleton<FaultLog>();
        services.AddSingleton<PrefixStore>();
        services.AddSingleton<WorkerEngine>();
        services.AddSingleton<IEngine>(static provider => new PrefixLoadingEngine(provider.GetRequiredService<WorkerEngine>(), provider.GetRequiredService<PrefixStore>()));
        services.AddSingleton<PromptBuilderFactory>();
        services.AddSingleton<ModelHost>();
        services.AddSingleton<MeasuredSpeeds>();
        services.AddSingleton<KvCaches>();
        services.AddSingleton<IKvCaches>(static provider => provider.GetRequiredService<KvCaches>());
        services.AddSingleton(static provider => RunQueue.Of(
            provider.GetRequiredService<NodeOptions>(),
            provider.GetRequiredService<IKvCaches>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<NodeMetrics>()));
        services.AddSingleton<ModelScheduler>();
        services.AddSingleton<ModelManager>();
        services.AddSingleton<Readiness>();
        services.AddSingleton<CpuPool>();
        services.AddSingleton(static provider => new HeapTrimmer(provider.GetRequiredService<CpuPool>().Spare, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PrefixTracker>();
        services.AddSingleton<GenerationService>();
        services.AddSingleton<TokenizationService>();
        services.AddSingleton<VectorRunner>();
        services.AddSingleton<EmbeddingService>();
        services.AddSingleton<RerankService>();
        services.AddSingleton<AnswerStore>();
        services.AddHostedService<AnswerStoreWriter>();
        services.AddHostedService<CatalogStartup>();
        services.AddHostedService<ModelPreloader>();
        services.AddHostedService<IdleModelUnloader>();
        services.AddHostedService<PrefixSaver>();
        return services;
    }
}

namespace RkLlama.Server.Monitoring;

internal static class MonitoringServices
{
    /// <summary>Registers what the server remembers of its requests, its hardware and its log.</summary>
    internal static IServiceCollection AddMonitoring(this IServiceCollection services) => services
        .AddSingleton(new Uptime())
        .AddSingleton<HealthReader>()
        .AddSingleton<RequestHistory>()
        .AddSingleton<ActiveRequests>()
        .AddSingleton<RecentHardware>()
        .AddSingleton<NodeSampler>()
        .AddSingleton<LogRing>();
}

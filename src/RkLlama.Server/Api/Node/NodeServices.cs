using RkLlama.Server.Api.Node.Events;

namespace RkLlama.Server.Api.Node;

internal static class NodeServices
{
    /// <summary>Registers the services of the node API.</summary>
    internal static IServiceCollection AddNodeApi(this IServiceCollection services) => services
        .AddSingleton<DiskSpace>()
        .AddSingleton<DownloadReader>()
        .AddSingleton<ActiveRequestReader>()
        .AddSingleton<ReferenceSpeed>()
        .AddSingleton<StatusReader>()
        .AddSingleton<EventHub>()
        .AddSingleton<DoctorReader>()
        .AddSingleton<PeerReader>();
}

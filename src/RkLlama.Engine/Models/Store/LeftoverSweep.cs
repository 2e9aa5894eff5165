using Microsoft.Extensions.Hosting;

namespace RkLlama.Engine.Models.Store;

/// <summary>Deletes in the background, when the server starts, what interrupted copies and deletions have left in the models directory.</summary>
internal sealed class LeftoverSweep(ModelStore store) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(store.Sweep, stoppingToken);
}
